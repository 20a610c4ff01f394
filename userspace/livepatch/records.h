/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables for the glue (kmod/payload/records.h), written into the module. */
#ifndef SUTURE_LIVEPATCH_RECORDS_H
#define SUTURE_LIVEPATCH_RECORDS_H

#include "elf/object.h"

struct record {
	const char *object; /* "vmlinux" or a module; those of one object lie together */
	const char *old_name;
	unsigned int sympos;
	struct symbol *new_function; /* of the module */
};

/* Adds the sections; *patch and *funcs are the symbols that the glue refers to. */
struct error *records_add(struct object *o, const struct record *r, size_t n, bool replace,
			  struct symbol **patch, struct symbol **funcs) __must_check;

#endif

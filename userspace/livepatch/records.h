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

struct records {
	struct symbol *patch, *funcs, *late; /* what the glue refers to */
	struct section *patch_section, *late_section;
};

/* Adds the sections. With 'late', that of the late records too, for records_fill_late(). */
struct error *records_add(struct object *o, const struct record *r, size_t n, bool late,
			  struct records *out) __must_check;

/*
 * Once all relocations are there: a record for each that waits for a module. 'forget' is the
 * function of the glue that undoes them.
 */
struct error *records_fill_late(struct object *o, const struct records *r,
				struct symbol *forget) __must_check;

#endif

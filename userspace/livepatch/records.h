/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables for the glue (kmod/payload/records.h), written into the module. */
#ifndef SUTURE_LIVEPATCH_RECORDS_H
#define SUTURE_LIVEPATCH_RECORDS_H

#include "elf/object.h"

/* A function to redirect. */
struct record {
	const char *object; /* "vmlinux" or a module */
	const char *old_name;
	unsigned int sympos;
	struct symbol *new_function; /* of the module */
};

enum record_callback {
	RECORD_PRE_PATCH,
	RECORD_POST_PATCH,
	RECORD_PRE_UNPATCH,
	RECORD_POST_UNPATCH,
	RECORD_CALLBACKS,
};

/* A set of callbacks. */
struct record_set {
	const char *object;
	uint64_t line;				   /* where the fix names it */
	struct symbol *function[RECORD_CALLBACKS]; /* of the module; NULL: it has none */
};

struct record_state {
	uint64_t id, version;
};

/* All of it. Functions and sets are in the order of their objects: those of one lie together. */
struct record_list {
	const char *const *objects; /* "vmlinux" or modules, each once */
	const bool *at_load;	    /* of each: it must be loaded after the patch */
	size_t n_objects;
	const struct record *funcs;
	size_t n_funcs;
	const struct record_set *sets;
	size_t n_sets;
	const struct record_state *states;
	size_t n_states;
	bool replace;
	bool clears;	    /* the kernel undoes the relocations of a module that goes */
	bool late;	    /* make room for late records, for records_fill_late() */
	size_t n_constants; /* make room for so many, for constants_fill() */
};

struct records {
	struct symbol *patch, *objects, *funcs, *sets, *states, *late; /* what the glue refers to */
	struct section *patch_section, *late_section;
	struct symbol *written;	  /* NULL: there is none */
	struct symbol *constants; /* NULL: there are none */
	struct section *constants_section;
};

/* Adds the sections. */
struct error *records_add(struct object *o, const struct record_list *list,
			  struct records *out) __must_check;

/*
 * Once all relocations are there: a record for each that waits for a module. 'forget' is the
 * function of the glue that undoes them.
 */
struct error *records_fill_late(struct object *o, const struct records *r,
				struct symbol *forget) __must_check;
/* Where a module must be loaded after the patch: what of the glue sees to that. */
struct error *records_set_at_load(const struct records *r, struct symbol *calls) __must_check;
/* Where there are constants: the function of the glue that fills them in. */
struct error *records_set_fill(const struct records *r, struct symbol *fill) __must_check;

#endif

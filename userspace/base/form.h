/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A map of YAML read by a table: each row is a key, how its value is read, and where it goes.
 * A key that no row has, or a value of the wrong form, is ERROR_USAGE with file, line, the
 * keys on the way to it, and what is allowed.
 */
#ifndef SUTURE_BASE_FORM_H
#define SUTURE_BASE_FORM_H

#include <stddef.h>

#include "base/arena.h"
#include "base/yaml_read.h"

struct form_reader {
	const char *path;		  /* NULL: it is from no file, and errors name keys alone */
	const char *keys[YAML_DEPTH_MAX]; /* on the way to the value that is read */
	unsigned int depth;
	struct arena *arena; /* where texts and lists are kept; it outlives the reader */
};

/* Any number of texts; they belong to the arena. */
struct form_texts {
	const char *const *v;
	size_t n;
};

struct form_field;

/* Reads v into *at, a member of the structure that the field belongs to. */
typedef struct error *form_read_fn(struct form_reader *r, const struct form_field *f,
				   const struct yaml_value *v, void *at);

struct form_field {
	const char *key;
	form_read_fn *read;
	size_t offset;
	const void *more; /* what 'read' needs to know: see below */
};

struct form {
	const struct form_field *fields;
	size_t n;
};
#define FORM(table)                                       \
	{                                                 \
		(table), sizeof(table) / sizeof(*(table)) \
	}

struct form_names {
	const char *const *names; /* by value of an enum; NULL: can't be said */
	size_t n;
};

/* Members of the map v into the structure at 'base'. */
struct error *form_read(struct form_reader *r, const struct form *f, const struct yaml_value *v,
			void *base) __must_check;

/* ERROR_USAGE about v, after "FILE:LINE: KEY.KEY: ". */
struct error *form_wrong(const struct form_reader *r, const struct yaml_value *v, const char *fmt,
			 ...) __printf_like(3, 4) __must_check;

/* Whether v is of the kind; else an error that says what it is. */
struct error *form_need(const struct form_reader *r, const struct yaml_value *v,
			enum yaml_kind kind) __must_check;

/* Kinds of values, and where they go (and what .more is). */
form_read_fn form_line;	    /* one line: const char * */
form_read_fn form_block;    /* lines: const char * */
form_read_fn form_lines;    /* one line or a list: struct form_texts */
form_read_fn form_patterns; /* the same, of fnmatch(3), with few stars: struct form_texts */
form_read_fn form_truth;    /* true or false: bool */
form_read_fn form_choice;   /* an enum: unsigned int (struct form_names) */
form_read_fn form_status;   /* an exit status: unsigned int */
form_read_fn form_seconds;  /* "30 s", "2 min": unsigned int */
form_read_fn form_map;	    /* a structure (struct form) */

#endif

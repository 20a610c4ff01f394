/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a target's configuration compiles, from kbuild_survey()'s files. */
#ifndef SUTURE_SOURCE_UNIT_TABLE_H
#define SUTURE_SOURCE_UNIT_TABLE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/vec.h"
#include "source/target.h"

/* One object of vmlinux or of a module. Strings live in the table. */
struct table_unit {
	const char *object;  /* as kbuild spells it: "drivers/a/b/../c.o" */
	const char *spelled; /* the source, likewise */
	const char *source;  /* the same in plain form */
	const char *modfile; /* "fs/xfs/xfs", several with blanks between them; NULL: vmlinux */
	size_t next;	     /* the next with this source, in unit_table.units; SIZE_MAX: none */
};

/* 'file' has an #include "included" of a C file. */
struct table_include {
	const char *file, *included;
};

struct unit_table {
	VEC(struct table_unit) units;
	VEC(struct table_include) includes;
	struct hash_map by_source; /* the last unit of a source */
	struct arena arena;
};

struct error *unit_table_open(const struct target *t, struct unit_table *out) __must_check;
void unit_table_close(struct unit_table *t);
#define __cleanup_unit_table __cleanup(unit_table_close)

/* The same from the files' texts. Pure. */
struct error *unit_table_read(const char *units, const char *includes,
			      struct unit_table *out) __must_check;

struct unit_list {
	VEC(const struct table_unit *) list;
	struct hash_map known;
};
void unit_list_free(struct unit_list *l);
#define __cleanup_unit_list __cleanup(unit_list_free)

/* The units compiled from a source, each once, appended to 'out' unless they are there. */
struct error *unit_table_find(const struct unit_table *t, const char *source,
			      struct unit_list *out) __must_check;

/* Does any file include this C file? */
bool unit_table_is_included(const struct unit_table *t, const char *path);

#endif

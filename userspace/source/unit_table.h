/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a target's configuration compiles, from kbuild_survey()'s files. */
#ifndef SUTURE_SOURCE_UNIT_TABLE_H
#define SUTURE_SOURCE_UNIT_TABLE_H

#include "base/error.h"
#include "base/arena.h"
#include "base/vec.h"
#include "source/target.h"

/* One object of vmlinux or of a module. Strings live in the table. */
struct table_unit {
	const char *object;  /* as kbuild spells it: "drivers/a/b/../c.o" */
	const char *spelled; /* the source, likewise */
	const char *source;  /* the same in plain form */
	const char *modfile; /* "fs/xfs/xfs", several with blanks between them; NULL: vmlinux */
};

/* 'file' has an #include "included" of a C file. */
struct table_include {
	const char *file, *included;
};

struct unit_table {
	VEC(struct table_unit) units;
	VEC(struct table_include) includes;
	struct arena arena;
};

struct error *unit_table_open(const struct target *t, struct unit_table *out) __must_check;
void unit_table_close(struct unit_table *t);
#define __cleanup_unit_table __cleanup(unit_table_close)

/* The same from the files' texts. Pure. */
struct error *unit_table_read(const char *units, const char *includes,
			      struct unit_table *out) __must_check;

/*
 * The units that a source file is part of: those compiled from it and those compiled from what
 * includes it, each once, appended to 'out' unless they are there. ERROR_REFUSED if a header
 * includes it.
 */
struct unit_list {
	VEC(const struct table_unit *) list;
};
struct error *unit_table_find(const struct unit_table *t, const char *source,
			      struct unit_list *out) __must_check;

#endif

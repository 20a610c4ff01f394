/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may read the files that a fix touches, in a target's configuration. */
#ifndef SUTURE_SOURCE_READERS_H
#define SUTURE_SOURCE_READERS_H

#include "base/error.h"
#include "source/include_index.h"
#include "source/unit_table.h"

/*
 * Code that runs, or makes a part of what is compiled, but is in no object that can be patched:
 * it must not change.
 */
struct outside_reader {
	const char *source;
	const char *object; /* that kbuild has a command for; NULL: only its text can be compared */
	const char *what;   /* "is mapped into every process as the vdso" */
};

/* Strings live in the index and the table. */
struct readers {
	VEC(const struct outside_reader *) outside;
	bool boot; /* boot code reads one of the files, too: it has run */
	struct arena arena;
};
void readers_free(struct readers *r);
#define __cleanup_readers __cleanup(readers_free)

/*
 * From what is reached: the units, appended to 'units' unless they are there, and the outside
 * readers. ERROR_REFUSED where one of the paths themselves is what a part of the source is
 * generated from. Pure.
 */
struct error *readers_find(const struct include_index *x, const struct include_reach *reach,
			   const struct unit_table *table, const char *const *paths, size_t n,
			   struct unit_list *units, struct readers *out) __must_check;

/* How a source outside of the objects ends up where it runs; false: it is none. Pure. */
bool outside_reader(const char *source, struct outside_reader *out);

#endif

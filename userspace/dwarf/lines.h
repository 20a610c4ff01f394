/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which source line some place of an object comes from, by its debug information.
 *
 * Knowledge: DWARF 5, sections 3 (inlined subroutines), 4.1 (variables), 6.2 (lines);
 * read through libdw.
 */
#ifndef SUTURE_DWARF_LINES_H
#define SUTURE_DWARF_LINES_H

#include "dwarf/debug.h"

struct lines;

/*
 * An object without debug information, or with one that can't be read, is no error: then
 * nothing is known of any place. The object is borrowed and not changed.
 */
struct error *lines_open(const struct object *o, struct lines **out) __must_check;
void lines_free(struct lines **l);
#define __cleanup_lines __cleanup(lines_free)

/* What the lines are read from. */
const struct debug *lines_debug(const struct lines *l);

struct line {
	const char *file; /* as the build named it, without the build folder; NULL: unknown */
	unsigned int line;
};

/* The line of the instruction at (or before) an offset. */
struct line lines_at(struct lines *l, const struct section *s, uint64_t offset);

/*
 * All lines that the instruction at an offset belongs to, innermost first: its own, and
 * for each inlined function it is part of, the line of the call. Returns how many.
 */
size_t lines_around(struct lines *l, const struct section *s, uint64_t offset, unsigned int *out,
		    size_t max);

/* Where the variable or function at an offset is declared. */
struct line lines_declared(struct lines *l, const struct section *s, uint64_t offset);

#endif

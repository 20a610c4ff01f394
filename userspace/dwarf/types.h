/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How two builds of an object lay out the types that they share. Code that did not change
 * goes on using memory by the old layout, so a field that was added, moved or resized is a
 * danger that no comparison of code shows.
 *
 * Knowledge: DWARF 5, sections 5.2 (base types) to 5.7 (structures, enumerations).
 */
#ifndef SUTURE_DWARF_TYPES_H
#define SUTURE_DWARF_TYPES_H

#include "base/arena.h"
#include "dwarf/debug.h"

struct layout_change {
	const char *type; /* "struct foo", "enum bar" */
	const char *what; /* "field len was added at byte 24 (8 bytes); size 24, now 32" */
	const char *file; /* where the new build declares it; NULL: unknown */
	unsigned int line;
	const char *added; /* the first field that was added; NULL: none */
	const char
		*added_type; /* as C spells it: "unsigned long", "struct foo *"; NULL: it is long */
};

/*
 * Structures, unions and enumerations that both builds name at file level and that are not
 * alike. A field that only got another name counts: nobody can tell whether it means the
 * same. New enumerators are fine, new values of old ones are not. Strings live in the arena.
 * Without debug information on either side nothing is known, and nothing is reported.
 */
struct layout_changes {
	VEC(struct layout_change) v;
};
struct error *types_compare(const struct debug *before, const struct debug *after,
			    struct arena *arena, struct layout_changes *out) __must_check;
/*
 * The type that a member, parameter, function, array or pointer has, without typedefs and
 * qualifiers. False: it has none (void).
 */
bool types_type_of(Dwarf_Die *die, Dwarf_Die *out);
/* Whether two functions, or types of functions, take and return the same. */
bool types_same_prototype(Dwarf_Die *a, Dwarf_Die *b);

void layout_changes_free(struct layout_changes *c);

#endif

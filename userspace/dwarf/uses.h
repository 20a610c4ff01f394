/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who in an object uses a type. Debug information knows the types of parameters, variables and
 * results, also in inlined code; it does not know what only goes through another type's field,
 * a cast or sizeof. So what is listed uses the type, and what is not listed may all the same.
 *
 * Knowledge: DWARF 5, sections 3.3 (subroutines) and 3.3.8.2 (inlined instances).
 */
#ifndef SUTURE_DWARF_USES_H
#define SUTURE_DWARF_USES_H

#include "base/arena.h"
#include "dwarf/debug.h"

struct type_users {
	VEC(const char *)
	v; /* functions by name, each once, in the order of the file; in the arena */
};

/* 'type' as types_compare() names it: "struct foo". Pointers to it and arrays of it count. */
struct error *type_users_find(const struct debug *d, const char *type, struct arena *arena,
			      struct type_users *out) __must_check;
void type_users_free(struct type_users *u);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a function takes and returns. Code that is compiled against one prototype and calls a
 * function of another hands over rubbish, and nothing notices.
 *
 * Knowledge: DWARF 5, sections 3.3 (subroutines), 3.3.8.3 (abstract origins).
 */
#ifndef SUTURE_DWARF_PROTOTYPES_H
#define SUTURE_DWARF_PROTOTYPES_H

#include "base/hash.h"
#include "dwarf/debug.h"

/* The global functions that a build defines, by name. */
struct prototypes {
	VEC(Dwarf_Die) v;
	struct hash_map by_name;
};
struct error *prototypes_read(const struct debug *d, struct prototypes *out) __must_check;
void prototypes_free(struct prototypes *p);

/* False only if both builds tell, and they differ. A pointer to a structure is any pointer. */
bool prototypes_agree(const struct prototypes *a, const struct prototypes *b, const char *name);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An object's bytes for one process: parts, slots and far jumps with every reference filled in.
 * Pure, but for the addresses of symbols, which are found before.
 *
 * Knowledge: the x86-64 psABI, "Relocation"; the same document's code models for what must reach.
 */
#ifndef SUTURE_HOTPATCH_RELOCATE_H
#define SUTURE_HOTPATCH_RELOCATE_H

#include "hotpatch/layout.h"

struct relocated {
	uint8_t *
		bytes[HOTPATCH_PARTS]; /* layout's size of each; allocated, NULL for an empty one */
};

/*
 * With the layout placed at 'base' and the file at 'bias'. 'main_program': the file is the program
 * itself, so that its thread-local variables are at offsets known since it was linked. Refused: a
 * field that can't hold its value, thread-local variables of a library, types not known.
 */
struct error *relocate(const struct hotpatch_object *o, const struct layout *l, uint64_t base,
		       uint64_t bias, bool main_program, struct relocated *out) __must_check;
void relocated_free(struct relocated *r);
#define __cleanup_relocated __cleanup(relocated_free)

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a function returns, as the debug information of its object has it.
 *
 * Knowledge: DWARF 5, sections 3.3 (subroutines) and 5.1 (base types).
 */
#ifndef SUTURE_DWARF_RETURNED_H
#define SUTURE_DWARF_RETURNED_H

#include "dwarf/debug.h"

struct returned {
	enum {
		RETURNED_UNKNOWN, /* nothing, a structure, or it is not told */
		RETURNED_INTEGER,
		RETURNED_POINTER,
	} kind;
	uint64_t size; /* bytes of an integer */
	bool is_signed;
};

/*
 * Of the function of that name whose code is in the object. Of several with that name all must
 * return the same, else it is not told.
 */
struct returned returned_by(const struct debug *d, const char *function);

#endif

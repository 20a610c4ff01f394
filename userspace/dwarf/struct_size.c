// SPDX-License-Identifier: GPL-2.0-or-later
#include "dwarf/struct_size.h"

#include <dwarf.h>

/* The next structure of that name at a unit's file level, from a child on. */
static bool find(Dwarf_Die *child, const char *name, Dwarf_Word *size)
{
	do {
		const char *is =
			dwarf_tag(child) == DW_TAG_structure_type ? dwarf_diename(child) : NULL;
		Dwarf_Attribute attr;

		if (is && str_equal(is, name) && dwarf_attr(child, DW_AT_byte_size, &attr) &&
		    !dwarf_formudata(&attr, size))
			return true;
	} while (!dwarf_siblingof(child, child));
	return false;
}

uint64_t struct_size(const struct debug *d, const char *name)
{
	uint64_t size = 0;

	vec_for_each(&d->units, unit) {
		Dwarf_Word one;
		Dwarf_Die child;

		if (dwarf_child(unit, &child) || !find(&child, name, &one))
			continue;
		if (size && size != one)
			return 0;
		size = one;
	}
	return size;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "dwarf/returned.h"

#include <dwarf.h>

#include "base/str.h"
#include "dwarf/types.h"

/* What is told of code that is not in the object lies outside of its sections. */
static bool has_code(const struct debug *d, Dwarf_Die *die)
{
	Dwarf_Addr at;

	if (dwarf_lowpc(die, &at))
		return false;
	vec_for_each(&d->object->sections, it) {
		const struct section *s = *it;
		uint64_t from = d->address[s->index];

		if (from && at >= from && at - from < s->size)
			return true;
	}
	return false;
}

/* The DIE that has the type: that of the source, not one of its instances. */
static bool type_of(Dwarf_Die *die, Dwarf_Die *out)
{
	Dwarf_Attribute attr;
	Dwarf_Die source = *die;

	if (dwarf_attr(die, DW_AT_abstract_origin, &attr) && !dwarf_formref_die(&attr, &source))
		return false;
	return types_type_of(&source, out);
}

static struct returned of_base(Dwarf_Die *type)
{
	int size = dwarf_bytesize(type);
	struct returned r = { .kind = RETURNED_INTEGER, .size = size > 0 ? (uint64_t)size : 0 };
	Dwarf_Attribute attr;
	Dwarf_Word encoding;

	if (!dwarf_attr(type, DW_AT_encoding, &attr) || dwarf_formudata(&attr, &encoding))
		return (struct returned){ 0 };
	r.is_signed = encoding == DW_ATE_signed || encoding == DW_ATE_signed_char;
	if (r.is_signed || encoding == DW_ATE_unsigned || encoding == DW_ATE_unsigned_char ||
	    encoding == DW_ATE_boolean)
		return r;
	return (struct returned){ 0 };
}

static struct returned of_function(Dwarf_Die *die)
{
	Dwarf_Die type;

	if (!type_of(die, &type))
		return (struct returned){ 0 };
	switch (dwarf_tag(&type)) {
	case DW_TAG_pointer_type:
		return (struct returned){ .kind = RETURNED_POINTER };
	case DW_TAG_base_type:
		return of_base(&type);
	case DW_TAG_enumeration_type:
		/* Errnos are returned as enumerators, too, whatever the sign is said to be. */
		return (struct returned){ RETURNED_INTEGER, (uint64_t)dwarf_bytesize(&type), true };
	default:
		return (struct returned){ 0 };
	}
}

static bool same(const struct returned *a, const struct returned *b)
{
	return a->kind == b->kind && a->size == b->size && a->is_signed == b->is_signed;
}

struct returned returned_by(const struct debug *d, const char *function)
{
	struct returned found = { 0 }, is;
	bool any = false;
	Dwarf_Die die;

	vec_for_each(&d->units, unit) {
		if (dwarf_child(unit, &die))
			continue;
		do {
			const char *name = dwarf_diename(&die);

			if (dwarf_tag(&die) != DW_TAG_subprogram || !name ||
			    !str_equal(name, function) || !has_code(d, &die))
				continue;
			is = of_function(&die);
			if (any && !same(&is, &found))
				return (struct returned){ 0 };
			found = is;
			any = true;
		} while (!dwarf_siblingof(&die, &die));
	}
	return found;
}

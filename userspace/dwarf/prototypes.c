// SPDX-License-Identifier: GPL-2.0-or-later
#include "dwarf/prototypes.h"

#include <dwarf.h>

#include "dwarf/types.h"

/* The DIE that has the parameters' types: that of the source, not one of its instances. */
static Dwarf_Die source_of(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Die to;

	if (dwarf_attr(die, DW_AT_abstract_origin, &attr) && dwarf_formref_die(&attr, &to))
		return to;
	return *die;
}

static struct error *add(struct prototypes *p, Dwarf_Die *die)
{
	const char *name = dwarf_diename(die);
	Dwarf_Attribute attr;
	bool external = false;

	if (dwarf_tag(die) != DW_TAG_subprogram || !name ||
	    (!dwarf_hasattr(die, DW_AT_low_pc) && !dwarf_hasattr(die, DW_AT_ranges)) ||
	    !dwarf_attr_integrate(die, DW_AT_external, &attr) || dwarf_formflag(&attr, &external) ||
	    !external)
		return NULL;
	TRY(hash_put(&p->by_name, name, p->v.n));
	return vec_push(&p->v, source_of(die));
}

struct error *prototypes_read(const struct debug *d, struct prototypes *out)
{
	Dwarf_Die die;

	vec_for_each(&d->units, unit) {
		if (dwarf_child(unit, &die))
			continue;
		do {
			TRY(add(out, &die));
		} while (!dwarf_siblingof(&die, &die));
	}
	return NULL;
}

void prototypes_free(struct prototypes *p)
{
	vec_free(&p->v);
	hash_free(&p->by_name);
}

bool prototypes_agree(const struct prototypes *a, const struct prototypes *b, const char *name)
{
	const uint64_t *x = hash_get(&a->by_name, name), *y = hash_get(&b->by_name, name);

	return !x || !y || types_same_prototype(&a->v.v[*x], &b->v.v[*y]);
}

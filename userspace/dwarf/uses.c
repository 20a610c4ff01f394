// SPDX-License-Identifier: GPL-2.0-or-later
#include "dwarf/uses.h"

#include <dwarf.h>
#include <string.h>

/* Blocks and inlined calls in one another, and pointers to pointers: no further. */
#define DEPTH 64

struct search {
	int tag; /* of the type */
	const char *name;
	struct hash_map known; /* offset of a type's DIE -> whether it leads to the one */
};

static void search_free(struct search *s)
{
	hash_free(&s->known);
}

static void search_for(const char *type, struct search *out)
{
	static const struct {
		const char *word;
		int tag;
	} kinds[] = { { "struct ", DW_TAG_structure_type },
		      { "union ", DW_TAG_union_type },
		      { "enum ", DW_TAG_enumeration_type } };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!str_starts(type, kinds[i].word))
			continue;
		out->tag = kinds[i].tag;
		out->name = type + strlen(kinds[i].word);
	}
}

static bool leads_on(int tag)
{
	switch (tag) {
	case DW_TAG_pointer_type:
	case DW_TAG_array_type:
	case DW_TAG_typedef:
	case DW_TAG_const_type:
	case DW_TAG_volatile_type:
	case DW_TAG_restrict_type:
	case DW_TAG_atomic_type:
		return true;
	}
	return false;
}

static struct error *is_of_type(struct search *s, Dwarf_Die *die, bool *out)
{
	Dwarf_Attribute attr;
	Dwarf_Die at = *die;
	const uint64_t *seen;
	uint64_t first = 0;

	*out = false;
	for (int i = 0; i < DEPTH; i++) {
		if (!dwarf_attr_integrate(&at, DW_AT_type, &attr) || !dwarf_formref_die(&attr, &at))
			break;
		if (!i) {
			first = dwarf_dieoffset(&at);
			seen = hash_get_u64(&s->known, first);
			*out = seen && *seen;
			if (seen)
				return NULL;
		}
		*out = dwarf_tag(&at) == s->tag && dwarf_diename(&at) &&
		       str_equal(dwarf_diename(&at), s->name);
		if (*out || !leads_on(dwarf_tag(&at)))
			break;
	}
	return first ? hash_put_u64(&s->known, first, *out) : NULL;
}

/* Whether anything in a function, or in what is inlined into it, has the type. */
static struct error *uses(struct search *s, Dwarf_Die *parent, int depth, bool *out)
{
	Dwarf_Die die;

	if (depth == DEPTH || dwarf_child(parent, &die))
		return NULL;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_formal_parameter:
		case DW_TAG_variable:
			TRY(is_of_type(s, &die, out));
			break;
		case DW_TAG_lexical_block:
		case DW_TAG_inlined_subroutine:
			TRY(uses(s, &die, depth + 1, out));
			break;
		}
	} while (!*out && !dwarf_siblingof(&die, &die));
	return NULL;
}

static bool has_code(Dwarf_Die *die)
{
	return dwarf_hasattr(die, DW_AT_low_pc) || dwarf_hasattr(die, DW_AT_ranges);
}

static struct error *look_at(struct search *s, Dwarf_Die *die, struct arena *arena,
			     struct type_users *out)
{
	const char *name = dwarf_diename(die);
	bool found = false;

	if (dwarf_tag(die) != DW_TAG_subprogram || !name || !has_code(die))
		return NULL;
	TRY(is_of_type(s, die, &found)); /* what it returns */
	if (!found)
		TRY(uses(s, die, 0, &found));
	if (!found)
		return NULL;
	vec_for_each(&out->v, it)
		if (str_equal(*it, name))
			return NULL;
	name = arena_strdup(arena, name);
	return name ? vec_push(&out->v, name) : error_nomem();
}

struct error *type_users_find(const struct debug *d, const char *type, struct arena *arena,
			      struct type_users *out)
{
	struct search s __cleanup(search_free) = { 0 };
	Dwarf_Die die;

	search_for(type, &s);
	if (!s.name)
		return NULL;
	vec_for_each(&d->units, unit) {
		if (dwarf_child(unit, &die))
			continue;
		do {
			TRY(look_at(&s, &die, arena, out));
		} while (!dwarf_siblingof(&die, &die));
	}
	return NULL;
}

void type_users_free(struct type_users *u)
{
	vec_free(&u->v);
}

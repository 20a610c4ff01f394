// SPDX-License-Identifier: GPL-2.0-or-later
/* The object as the matcher sees it: its sections with functions, in groups. */
#include <string.h>

#include "base/str.h"
#include "bind/work.h"

bool bind_is_function(const struct symbol *s)
{
	/* The padding before a function has a name, too, where calls are padded. */
	return s->type == STT_FUNC && s->section && s->section->flags & SHF_EXECINSTR &&
	       !str_starts(s->name, "__pfx_");
}

/* Bytes that are no field. */
static size_t fixed_bytes(const struct work *w, const struct section *s)
{
	size_t n = s->size;

	vec_for_each(&s->relocs, r) {
		const struct reloc_kind *kind = arch_reloc_kind(w->arch, r->type);

		n -= kind && kind->size <= n ? kind->size : 0;
	}
	return n;
}

/*
 * Where the shipped build, without a section for each function, has it: sections of one
 * group stay together and in order.
 */
static struct error *group_of(struct work *w, const struct code *c, size_t *out)
{
	static const char *const parts[] = { ".text.unlikely", ".text.hot", ".text.startup",
					     ".text.exit" };
	const char *name = c->section->name;
	char *copy;

	/* Another object's copy may be the one that the linker kept. */
	if (w->arch->process && c->section->flags & SHF_GROUP) {
		copy = arena_printf(w->arena, "%u", c->section->index);
		*out = w->groups.n;
		return copy ? vec_push(&w->groups, copy) : error_nomem();
	}

	if (str_starts(name, ".text.") && str_equal(name + 6, c->main->name))
		name = ".text";
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (str_starts(name, parts[i]))
			name = parts[i];
	for (*out = 0; *out < w->groups.n; ++*out)
		if (str_equal(w->groups.v[*out], name))
			return NULL;
	copy = arena_strdup(w->arena, name);
	return copy ? vec_push(&w->groups, copy) : error_nomem();
}

static struct error *add_code(struct work *w, const struct section *s)
{
	struct code c = { .section = s };

	vec_for_each(&s->symbols, at) {
		if (bind_is_function(*at) && !c.main)
			c.main = *at;
	}
	if (!c.main || !s->bytes)
		return NULL;
	c.fixed = fixed_bytes(w, s);
	c.name_is_no_proof = w->lonely[s->index];
	c.place = arena_new(w->arena, struct place);
	if (!c.place)
		return error_nomem();
	c.place->section = s;
	w->by_section[s->index] = c.place;
	TRY(group_of(w, &c, &c.group));
	return vec_push(&w->codes, c);
}

struct error *bind_set_up(struct work *w)
{
	w->by_section = arena_array(w->arena, w->object->sections.n, sizeof(*w->by_section));
	w->by_symbol = arena_array(w->arena, w->object->symbols.n, sizeof(*w->by_symbol));
	w->stub_of = arena_array(w->arena, w->object->symbols.n, sizeof(*w->stub_of));
	w->slot_of = arena_array(w->arena, w->object->symbols.n, sizeof(*w->slot_of));
	if (!w->by_section || !w->by_symbol || !w->stub_of || !w->slot_of)
		return error_nomem();
	vec_for_each(&w->object->sections, s) {
		if ((*s)->flags & SHF_EXECINSTR && (*s)->flags & SHF_ALLOC)
			TRY(add_code(w, *s));
	}
	/* Only now do the elements stay where they are. */
	vec_for_each(&w->codes, c)
		c->place->code = c;
	return NULL;
}

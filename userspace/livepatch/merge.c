// SPDX-License-Identifier: GPL-2.0-or-later
/* Grouping sections by name, laying them one behind the other, moving what refers to them. */
#include "livepatch/merge.h"

#include <string.h>

#include "kmod/payload/records.h"
#include "livepatch/klp.h"

/* Where an input's section went. */
struct merge_piece {
	struct merge_group *group; /* NULL: left out */
	uint64_t offset;
};

struct merge_group {
	const char *name;
	uint32_t type;
	uint64_t flags, align, size;
	struct section *out;
};

/*
 * What the kernel does not load (debug information, comments, the stack's mark), what the
 * kernel's own module script discards, what a payload does without, and what is made anew or
 * read by the linker alone.
 */
static bool left_out(const struct object *o, const struct section *s)
{
	const struct arch *a = arch_find(o->machine);
	const struct special *special = a ? arch_special(a, s->name) : NULL;

	if (!(s->flags & SHF_ALLOC) || s->type == SHT_RELA ||
	    (special && (special->kind == SPECIAL_UNUSED || special->kind == SPECIAL_CONSTANTS)))
		return true;
	return str_starts(s->name, ".discard") || str_equal(s->name, ".modinfo") ||
	       str_equal(s->name, SUTURE_LAYOUT_SECTION) ||
	       str_equal(s->name, SUTURE_CALLBACKS_SECTION) ||
	       str_equal(s->name, SUTURE_STATES_SECTION) ||
	       str_equal(s->name, ".note.gnu.property");
}

static const char *const undone[] = { ".text", ".rodata", ".data", ".bss" };

/* ".text.unlikely.foo" and ".text.foo" are ".text"; ".data..percpu" is itself. */
static const char *output_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(undone); i++) {
		size_t n = strlen(undone[i]);

		if (str_starts(name, undone[i]) && name[n] == '.' && name[n + 1] != '.')
			return undone[i];
	}
	return name;
}

static uint64_t output_flags(const struct section *s)
{
	return s->flags & ~(uint64_t)(SHF_MERGE | SHF_STRINGS | SHF_LINK_ORDER | SHF_GROUP);
}

static struct error *group_of(struct merge *m, const struct section *s, struct merge_group **out)
{
	const char *name = output_name(s->name);
	uint64_t *at = hash_get(&m->by_name, name);
	struct merge_group *g;

	if (at) {
		g = (struct merge_group *)(uintptr_t)*at;
		*out = g;
		if (g->type == SHT_NOBITS && s->type == SHT_PROGBITS)
			g->type = SHT_PROGBITS;
		if (g->flags != output_flags(s))
			return error_refused(
				"sections named %s have different flags: 0x%llx and 0x%llx", name,
				(unsigned long long)g->flags, (unsigned long long)output_flags(s));
		return NULL;
	}
	g = arena_new(&m->arena, struct merge_group);
	if (!g)
		return error_nomem();
	g->name = name;
	g->type = s->type;
	g->flags = output_flags(s);
	g->align = 1;
	TRY(hash_put(&m->by_name, name, (uint64_t)(uintptr_t)g));
	TRY(vec_push(&m->groups, g));
	*out = g;
	return NULL;
}

/* How much is cut out of a section before an offset. */
static uint64_t cut_before(const struct merge_input *in, const struct section *s, uint64_t offset)
{
	uint64_t n = 0;

	vec_for_each(&in->cuts, c)
		if (c->section == s && c->offset < offset)
			n += c->size;
	return n;
}

static bool is_cut(const struct merge_input *in, const struct section *s, uint64_t offset)
{
	vec_for_each(&in->cuts, c)
		if (c->section == s && offset >= c->offset && offset - c->offset < c->size)
			return true;
	return false;
}

static struct error *place_section(struct merge *m, const struct section *s, uint64_t size,
				   struct merge_piece *piece)
{
	uint64_t align = s->align ? s->align : 1;
	struct merge_group *g = NULL;

	if (align & (align - 1))
		return error_failed("section %s: its alignment is no power of two", s->name);
	TRY(group_of(m, s, &g));
	if (g->size > UINT32_MAX || size > UINT32_MAX || align > 4096)
		return error_failed("section %s is too large", s->name);
	if (align > g->align)
		g->align = align;
	g->size = (g->size + align - 1) & ~(align - 1);
	piece->group = g;
	piece->offset = g->size;
	g->size += size;
	return NULL;
}

static struct error *place_input(struct merge *m, struct merge_input *in)
{
	const struct object *o = in->object;

	in->pieces = arena_array(&m->arena, o->sections.n, sizeof(*in->pieces));
	in->symbols = arena_array(&m->arena, o->symbols.n, sizeof(*in->symbols));
	in->outside = arena_array(&m->arena, o->symbols.n, sizeof(*in->outside));
	if (!in->pieces || !in->symbols || !in->outside)
		return error_nomem();
	vec_for_each(&o->sections, it) {
		const struct section *s = *it;

		if (!s->index || left_out(o, s))
			continue;
		if (s->type == SHT_GROUP || s->flags & SHF_TLS)
			return error_refused("%s: section %s: its kind is not known", o->name,
					     s->name);
		TRY_CONTEXT(place_section(m, s, s->size - cut_before(in, s, s->size),
					  &in->pieces[s->index]),
			    "%s", o->name);
	}
	return NULL;
}

static struct error *make_sections(struct merge *m)
{
	vec_for_each(&m->groups, it) {
		struct merge_group *g = *it;

		TRY(object_add_section(m->out, g->name, g->type, g->flags, g->align, NULL, g->size,
				       &g->out));
	}
	return NULL;
}

static void copy_bytes(const struct merge_input *in)
{
	vec_for_each(&in->object->sections, it) {
		const struct section *s = *it;
		const struct merge_piece *p = &in->pieces[s->index];
		uint64_t from = 0;
		uint8_t *to;

		if (!p->group || !s->bytes || !p->group->out->bytes)
			continue;
		to = p->group->out->bytes + p->offset;
		vec_for_each(&in->cuts, c) {
			if (c->section != s)
				continue;
			memcpy(to, s->bytes + from, c->offset - from);
			to += c->offset - from;
			from = c->offset + c->size;
		}
		if (from < s->size)
			memcpy(to, s->bytes + from, s->size - from);
	}
}

static struct error *copy_symbols(struct merge *m, struct merge_input *in)
{
	vec_for_each(&in->object->symbols, it) {
		const struct symbol *s = *it;
		const struct merge_piece *p;

		if (!s->index || !s->section)
			continue;
		p = &in->pieces[s->section->index];
		if (!p->group)
			continue;
		if (s->type == STT_SECTION)
			TRY(object_section_symbol(m->out, p->group->out, &in->symbols[s->index]));
		else if (cut_before(in, s->section, s->section->size))
			return error_refused("%s: something is named in section %s: %s",
					     in->object->name, s->section->name, s->name);
		else
			TRY(object_add_symbol(m->out, s->name, s->type, STB_LOCAL, p->group->out,
					      p->offset + s->value, s->size,
					      &in->symbols[s->index]));
	}
	return NULL;
}

struct error *merge_place(struct merge *m)
{
	for (size_t i = 0; i < m->n; i++)
		TRY(place_input(m, &m->inputs[i]));
	TRY(make_sections(m));
	for (size_t i = 0; i < m->n; i++) {
		copy_bytes(&m->inputs[i]);
		TRY(copy_symbols(m, &m->inputs[i]));
	}
	return NULL;
}

struct error *merge_target(const struct merge_input *in, const struct symbol *s, int64_t addend,
			   struct symbol **out, int64_t *out_addend)
{
	struct symbol *to = in->symbols[s->index];

	if (!to && !s->section)
		to = in->outside[s->index];
	if (!to)
		return error_refused("it refers to %s%s, which is not part of the module",
				     s->type == STT_SECTION ? "section " : "", s->name);
	if (s->type == STT_SECTION)
		addend += (int64_t)in->pieces[s->section->index].offset;
	*out = to;
	*out_addend = addend;
	return NULL;
}

static struct error *relocate(const struct merge *m, const struct merge_input *in,
			      const struct section *s, const struct reloc *r)
{
	const struct merge_piece *p = &in->pieces[s->index];
	struct symbol *to = m->out->symbols.v[0];
	struct section *where = p->group->out;
	int64_t addend = r->addend;

	if (r->symbol->index)
		TRY_CONTEXT(merge_target(in, r->symbol, r->addend, &to, &addend), "%s: %s+0x%llx",
			    in->object->name, s->name, (unsigned long long)r->offset);
	if (to->shndx == SHN_LIVEPATCH)
		TRY(klp_rela_section(m->out, where, in->patched, to, &where));
	return object_add_reloc(where, p->offset + r->offset - cut_before(in, s, r->offset),
				r->type, to, addend);
}

struct error *merge_relocate(struct merge *m)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct merge_input *in = &m->inputs[i];

		vec_for_each(&in->object->sections, it) {
			if (!in->pieces[(*it)->index].group)
				continue;
			vec_for_each(&(*it)->relocs, r)
				if (!is_cut(in, *it, r->offset))
					TRY(relocate(m, in, *it, r));
		}
	}
	return NULL;
}

bool merge_uses(const struct merge_input *in, const struct symbol *s)
{
	vec_for_each(&in->object->sections, it) {
		if (!in->pieces[(*it)->index].group)
			continue;
		vec_for_each(&(*it)->relocs, r)
			if (r->symbol == s && !is_cut(in, *it, r->offset))
				return true;
	}
	return false;
}

bool merge_where(const struct merge_input *in, const struct section *s, uint64_t offset,
		 struct section **out, uint64_t *at)
{
	const struct merge_piece *p = &in->pieces[s->index];

	if (!p->group || is_cut(in, s, offset))
		return false;
	*out = p->group->out;
	*at = p->offset + offset - cut_before(in, s, offset);
	return true;
}

void merge_free(struct merge *m)
{
	for (size_t i = 0; i < m->n && m->inputs; i++)
		vec_free(&m->inputs[i].cuts);
	object_free(&m->out);
	vec_free(&m->groups);
	hash_free(&m->by_name);
	arena_free(&m->arena);
}

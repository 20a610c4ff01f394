// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/debug_info.h"

#include <string.h>
#include <zlib.h>

/* Sections of one name become one. */
struct debug_group {
	const char *name;
	struct strbuf bytes;
	uint64_t align;
	VEC(struct reloc) relocs; /* symbols: those of the result */
};

struct debug_work {
	const struct merge *m;
	const struct livepatch_part *parts;
	size_t n;
	struct object *out;
	VEC(struct debug_group) groups;
};

static void work_free(struct debug_work *w)
{
	vec_for_each(&w->groups, g) {
		strbuf_free(&g->bytes);
		vec_free(&g->relocs);
	}
	vec_free(&w->groups);
	object_free(&w->out);
}

static bool is_debug(const struct section *s)
{
	return str_starts(s->name, ".debug_") && s->type == SHT_PROGBITS && s->bytes;
}

static bool has_debug(const struct object *o)
{
	vec_for_each(&o->sections, it)
		if (is_debug(*it) && (*it)->flags & SHF_COMPRESSED)
			return false;
	return object_section(o, ".debug_info");
}

/* --- the module's sections and symbols, without their content -------------------- */

static struct error *copy_sections(struct debug_work *w)
{
	vec_for_each(&w->m->out->sections, it) {
		const struct section *s = *it;
		bool note = s->type == SHT_NOTE;
		struct section *made;

		if (!s->index || !(s->flags & SHF_ALLOC) || s->type == SHT_RELA)
			continue;
		TRY(object_add_section(w->out, s->name, note ? SHT_NOTE : SHT_NOBITS,
				       s->flags & ~(uint64_t)SHF_INFO_LINK, s->align,
				       note ? s->bytes : NULL, s->size, &made));
	}
	return NULL;
}

static struct error *copy_symbols(struct debug_work *w)
{
	vec_for_each(&w->m->out->symbols, it) {
		const struct symbol *s = *it;
		struct symbol *made;

		if (s->section && s->type != STT_SECTION &&
		    object_section(w->out, s->section->name))
			TRY(object_add_symbol(w->out, s->name, s->type, s->bind,
					      object_section(w->out, s->section->name), s->value,
					      s->size, &made));
	}
	return NULL;
}

/* --- where things went ------------------------------------------------------------ */

/* The piece with that offset; its end counts where no other begins. */
static const struct extracted *piece_at(const struct extraction *x, const struct section *from,
					uint64_t offset)
{
	const struct extracted *ends = NULL;

	vec_for_each(&x->pieces, p) {
		if (p->from != from || offset < p->start || offset - p->start > p->size)
			continue;
		if (offset - p->start < p->size)
			return p;
		ends = p;
	}
	return ends;
}

/* A section symbol and an offset in the result; false if it is not in the module. */
static struct error *find_place(struct debug_work *w, size_t part, const struct reloc *r,
				struct symbol **symbol, uint64_t *offset, bool *found)
{
	const struct symbol *s = r->symbol;
	const struct extracted *p;
	struct section *in_module;
	uint64_t at = s->value + (uint64_t)r->addend;

	*found = false;
	p = s->section ? piece_at(w->parts[part].extraction, s->section, at) : NULL;
	if (!p || !merge_where(&w->m->inputs[part], p->to, 0, &in_module, offset))
		return NULL;
	*offset += at - p->start;
	*found = true;
	return object_section_symbol(w->out, object_section(w->out, in_module->name), symbol);
}

/* --- the debug sections ------------------------------------------------------------ */

static struct error *group_of(struct debug_work *w, const char *name, struct debug_group **out)
{
	vec_for_each(&w->groups, g) {
		if (str_equal(g->name, name)) {
			*out = g;
			return NULL;
		}
	}
	TRY(vec_push(&w->groups, (struct debug_group){ .name = name, .align = 1 }));
	*out = &w->groups.v[w->groups.n - 1];
	return NULL;
}

static struct error *pad(struct strbuf *b, uint64_t align)
{
	while (align > 1 && b->n % align)
		TRY(strbuf_add(b, "", 1));
	return NULL;
}

/* Where each debug section of a part goes: its offset in its group. */
static struct error *lay_out(struct debug_work *w, const struct object *o, uint64_t *offsets)
{
	vec_for_each(&o->sections, it) {
		struct debug_group *g;

		if (!is_debug(*it))
			continue;
		TRY(group_of(w, (*it)->name, &g));
		if ((*it)->align > g->align && (*it)->align <= 16)
			g->align = (*it)->align;
		TRY(pad(&g->bytes, g->align));
		offsets[(*it)->index] = g->bytes.n;
		TRY(strbuf_add(&g->bytes, (*it)->bytes, (*it)->size));
	}
	return NULL;
}

static struct error *put(struct debug_group *g, uint64_t at, uint64_t value, size_t size)
{
	if (at > g->bytes.n || size > g->bytes.n - at)
		return error_failed("a relocation in %s lies outside of it", g->name);
	memcpy(g->bytes.s + at, &value, size);
	return NULL;
}

static struct error *move_reloc(struct debug_work *w, size_t part, const uint64_t *offsets,
				struct debug_group *g, uint64_t at, const struct reloc *r)
{
	const struct section *to = r->symbol->section;
	struct symbol *symbol = NULL;
	uint64_t offset = 0;
	bool found;

	if (r->type == R_X86_64_NONE)
		return NULL;
	if (r->type != R_X86_64_64 && r->type != R_X86_64_32)
		return error_failed("%s has relocations of type %u", g->name, r->type);
	if (to && is_debug(to))
		return put(g, at, r->symbol->value + (uint64_t)r->addend + offsets[to->index],
			   r->type == R_X86_64_64 ? 8 : 4);
	TRY(find_place(w, part, r, &symbol, &offset, &found));
	if (!found)
		return put(g, at,
			   r->type == R_X86_64_64 ? DEBUG_INFO_NOWHERE + (uint64_t)r->addend : 0,
			   r->type == R_X86_64_64 ? 8 : 4);
	return vec_push(&g->relocs, (struct reloc){ .offset = at,
						    .type = r->type,
						    .symbol = symbol,
						    .addend = (int64_t)offset });
}

static struct error *add_part(struct debug_work *w, size_t part)
{
	const struct object *o = w->parts[part].extraction->after;
	uint64_t *offsets __free = NULL;

	if (!o || !has_debug(o))
		return NULL;
	offsets = calloc(o->sections.n, sizeof(*offsets));
	if (!offsets)
		return error_nomem();
	TRY(lay_out(w, o, offsets));
	vec_for_each(&o->sections, it) {
		struct debug_group *g;

		if (!is_debug(*it))
			continue;
		TRY(group_of(w, (*it)->name, &g));
		vec_for_each(&(*it)->relocs, r)
			TRY(move_reloc(w, part, offsets, g, offsets[(*it)->index] + r->offset, r));
	}
	return NULL;
}

/* --- the result ---------------------------------------------------------------------- */

/* As "objcopy --compress-debug-sections=zlib" does, which everything that reads DWARF knows. */
static struct error *compressed(const struct debug_group *g, struct strbuf *out)
{
	Elf64_Chdr head = { .ch_type = ELFCOMPRESS_ZLIB,
			    .ch_size = g->bytes.n,
			    .ch_addralign = g->align };
	uLongf n = compressBound(g->bytes.n);
	uint8_t *to __free = malloc(n);

	if (!to)
		return error_nomem();
	if (compress2(to, &n, (const Bytef *)g->bytes.s, g->bytes.n, Z_BEST_COMPRESSION) != Z_OK)
		return error_failed("%s can't be compressed", g->name);
	TRY(strbuf_add(out, &head, sizeof(head)));
	return strbuf_add(out, to, n);
}

static struct error *write_group(struct debug_work *w, const struct debug_group *g)
{
	struct strbuf small __cleanup_strbuf = { 0 };
	struct section *s;

	TRY(compressed(g, &small));
	if (small.n < g->bytes.n)
		TRY(object_add_section(w->out, g->name, SHT_PROGBITS, SHF_COMPRESSED, 8, small.s,
				       small.n, &s));
	else
		TRY(object_add_section(w->out, g->name, SHT_PROGBITS, 0, g->align, g->bytes.s,
				       g->bytes.n, &s));
	vec_for_each(&g->relocs, r)
		TRY(object_add_reloc(s, r->offset, r->type, r->symbol, r->addend));
	return NULL;
}

struct error *debug_info_make(const struct merge *m, const struct livepatch_part *parts, size_t n,
			      struct object **out)
{
	struct debug_work w __cleanup(work_free) = { .m = m, .parts = parts, .n = n };

	TRY(object_new("debug information", m->out->machine, &w.out));
	TRY(copy_sections(&w));
	TRY(copy_symbols(&w));
	for (size_t i = 0; i < n; i++)
		TRY_CONTEXT(add_part(&w, i), "debug information of %s", parts[i].unit->source);
	if (!w.groups.n)
		return NULL;
	vec_for_each(&w.groups, g)
		TRY(write_group(&w, g));
	*out = take(w.out);
	return NULL;
}

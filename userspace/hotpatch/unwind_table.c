// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The unwind table of the new code: of the after build's .eh_frame, the entries of the functions
 * that were extracted, and the common entries that they name.
 *
 * Knowledge: LSB Core, chapter 10.6.
 */
#include <elf.h>
#include <string.h>

#include "hotpatch/link_work.h"

struct copy {
	struct link *l;
	size_t u;
	const struct section *from; /* .eh_frame */
	uint64_t cie_from, cie_to;  /* the one copied last; cie_to UINT64_MAX: none */
};

/* Where a place of the after build went. */
static bool went(const struct copy *c, const struct reloc *r, struct spot *out, int64_t *addend)
{
	const struct extraction *x = c->l->units[c->u].extraction;
	uint64_t at = r->symbol->value + (uint64_t)r->addend;

	vec_for_each(&x->pieces, p) {
		const struct laid *laid = &c->l->laid[c->u][p->to->index];

		if (p->from != r->symbol->section || at < p->start || at >= p->start + p->size ||
		    !laid->is_there)
			continue;
		*out = (struct spot){ .to = HOTPATCH_TO_PART,
				      .part = laid->part,
				      .offset = laid->offset + (at - p->start) };
		*addend = 0;
		return true;
	}
	return false;
}

static struct error *move_fields(const struct copy *c, uint64_t from, uint64_t end, uint64_t to)
{
	for (size_t i = section_reloc_at(c->from, from);
	     i < c->from->relocs.n && c->from->relocs.v[i].offset < end; i++) {
		const struct reloc *r = &c->from->relocs.v[i];
		struct spot spot;
		int64_t addend;

		if (r->type != R_X86_64_PC32 && r->type != R_X86_64_PC64 && r->type != R_X86_64_64)
			return error_refused("the unwind table has a relocation of type %u",
					     r->type);
		if (!went(c, r, &spot, &addend))
			return error_refused("the unwind table refers to %s, which was left behind",
					     r->symbol->name);
		TRY(link_reference(c->l, HOTPATCH_CONST, to + (r->offset - from), r->type, &spot,
				   addend));
	}
	return NULL;
}

static struct error *copy_record(struct copy *c, uint64_t from, uint64_t size, uint64_t *at)
{
	TRY(link_put(c->l, HOTPATCH_CONST, c->from->bytes + from, size, 1, at));
	return move_fields(c, from, from + size, *at);
}

static struct error *copy_entry(struct copy *c, uint64_t from, uint64_t size, uint32_t back)
{
	uint64_t cie = from + 4 - back, at;
	uint32_t length, distance;

	if (back > from + 4 || c->from->size - cie < 8)
		return error_refused("the unwind table makes no sense");
	if (c->cie_to == UINT64_MAX || c->cie_from != cie) {
		memcpy(&length, c->from->bytes + cie, 4);
		if (length > c->from->size - cie - 4)
			return error_refused("the unwind table makes no sense");
		TRY(copy_record(c, cie, 4 + (uint64_t)length, &c->cie_to));
		c->cie_from = cie;
	}
	TRY(copy_record(c, from, size, &at));
	distance = (uint32_t)(at + 4 - c->cie_to);
	memcpy(c->l->bytes[HOTPATCH_CONST].s + at + 4, &distance, sizeof(distance));
	return NULL;
}

/* Is the entry about a function that was extracted? */
static bool is_wanted(const struct copy *c, uint64_t at)
{
	size_t i = section_reloc_at(c->from, at + 8);
	struct spot spot;
	int64_t addend;

	return i < c->from->relocs.n && c->from->relocs.v[i].offset == at + 8 &&
	       c->from->relocs.v[i].symbol->section &&
	       went(c, &c->from->relocs.v[i], &spot, &addend);
}

static struct error *copy_unit(struct copy *c)
{
	uint64_t at = 0;

	while (c->from->size - at >= 8) {
		uint32_t length, back;

		memcpy(&length, c->from->bytes + at, 4);
		memcpy(&back, c->from->bytes + at + 4, 4);
		if (!length)
			return NULL;
		if (length == UINT32_MAX || length > c->from->size - at - 4)
			return error_refused("the unwind table makes no sense");
		if (back && is_wanted(c, at))
			TRY(copy_entry(c, at, 4 + (uint64_t)length, back));
		at += 4 + (uint64_t)length;
	}
	return NULL;
}

struct error *link_unwind(struct link *l)
{
	static const uint32_t end;
	uint64_t start, at;

	TRY(link_put(l, HOTPATCH_CONST, NULL, 0, 8, &start));
	for (size_t u = 0; u < l->n; u++) {
		struct copy c = { .l = l,
				  .u = u,
				  .from = object_section(l->units[u].extraction->after,
							 ".eh_frame"),
				  .cie_to = UINT64_MAX };

		if (c.from && c.from->bytes)
			TRY_CONTEXT(copy_unit(&c), "%s", l->units[u].source);
	}
	if (l->bytes[HOTPATCH_CONST].n == start)
		return NULL;
	TRY(link_put(l, HOTPATCH_CONST, &end, sizeof(end), 1, &at));
	l->o->eh_frame = start;
	l->o->eh_frame_n = l->bytes[HOTPATCH_CONST].n - start;
	return NULL;
}

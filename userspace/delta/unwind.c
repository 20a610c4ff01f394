// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the unwind table of a program's object says of a function beside how its stack looks:
 * who handles exceptions in it (the personality), and its table of handlers. Both are part of
 * the function, though no instruction refers to them.
 *
 * Knowledge: LSB Core, chapter 10.6 (.eh_frame).
 */
#include "delta/private.h"

struct record {
	uint64_t at, end; /* in the section; 'at' is that of the identifier */
	uint32_t id;	  /* 0: a CIE; else the distance back to it */
};

/* False at the end, or where the table makes no sense. */
static bool next_record(const struct section *s, uint64_t *at, struct record *out)
{
	uint32_t length;

	if (s->size - *at < 8)
		return false;
	memcpy(&length, s->bytes + *at, sizeof(length));
	if (length < 4 || length > s->size - *at - 4)
		return false;
	out->at = *at + 4;
	out->end = out->at + length;
	memcpy(&out->id, s->bytes + out->at, sizeof(out->id));
	*at = out->end;
	return true;
}

static struct node *referred(struct view *v, const struct reloc *r)
{
	struct target t;

	return table_target(v, r, &t) ? t.node : NULL;
}

/* The node that the last relocation in [from, to) names, if it is none of code. */
static struct node *datum_of(struct view *v, const struct section *s, uint64_t from, uint64_t to)
{
	size_t i = section_reloc_at(s, to);
	const struct reloc *r = i ? &s->relocs.v[i - 1] : NULL;
	struct node *n = r && r->offset >= from ? referred(v, r) : NULL;

	return n && n->class != CLASS_TEXT ? n : NULL;
}

static void link_function(struct view *v, const struct section *s, const struct record *fde)
{
	size_t i = section_reloc_at(s, fde->at + 4);
	struct node *n = i < s->relocs.n && s->relocs.v[i].offset == fde->at + 4
				 ? referred(v, &s->relocs.v[i])
				 : NULL;
	uint64_t cie = fde->id <= fde->at ? fde->at - fde->id : s->size;
	struct record r;

	if (!n || n->class != CLASS_TEXT)
		return;
	n->handlers = datum_of(v, s, fde->at + 8, fde->end);
	if (next_record(s, &cie, &r) && !r.id)
		n->personality = datum_of(v, s, r.at, r.end);
}

void view_link_unwind(struct view *v)
{
	const struct section *s = object_section(v->object, ".eh_frame");
	struct record r;
	uint64_t at = 0;

	if (!v->arch->process || !s || !s->bytes)
		return;
	while (next_record(s, &at, &r))
		if (r.id)
			link_function(v, s, &r);
}

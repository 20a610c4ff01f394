// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whether two nodes mean the same: their bytes, what their relocations refer to, and what
 * special sections say about them.
 */
#include "delta/private.h"

/* Chains of private data that refer to one another are followed so far, no further. */
#define DEPTH 16

static bool same(struct delta *d, struct node *a, struct node *b, unsigned int depth);

static bool in_literals(const struct target *t)
{
	return t->offset >= 0 && (uint64_t)t->offset < t->node->section->size &&
	       t->node->section->bytes;
}

/* Strings of characters of any width, up to and with the zero. */
static bool strings_equal(const struct target *a, const struct target *b)
{
	const struct section *s = a->node->section, *t = b->node->section;
	uint64_t i = (uint64_t)a->offset, k = (uint64_t)b->offset, width = s->entsize;
	static const uint8_t zero[8];

	if (width > sizeof(zero))
		return false;
	for (; width <= s->size - i && width <= t->size - k; i += width, k += width) {
		if (memcmp(s->bytes + i, t->bytes + k, width) != 0)
			return false;
		if (!memcmp(s->bytes + i, zero, width))
			return true;
		if (width == s->size - i || width == t->size - k)
			break;
	}
	return false;
}

static bool literals_equal(const struct target *a, const struct target *b)
{
	const struct section *s = a->node->section, *t = b->node->section;
	uint64_t x = (uint64_t)a->offset, y = (uint64_t)b->offset, in_entry;

	if (s->entsize != t->entsize || (s->flags & SHF_STRINGS) != (t->flags & SHF_STRINGS) ||
	    !in_literals(a) || !in_literals(b))
		return false;
	if (s->flags & SHF_STRINGS)
		return strings_equal(a, b);
	in_entry = x % s->entsize;
	if (y % t->entsize != in_entry || s->entsize - in_entry > s->size - x ||
	    t->entsize - in_entry > t->size - y)
		return false;
	return !memcmp(s->bytes + x - in_entry, t->bytes + y - in_entry, s->entsize);
}

static bool contents_equal(struct delta *d, struct node *a, struct node *b, unsigned int depth)
{
	if (a->equal_to == b)
		return a->equal;
	if (a->class != b->class || a->section->flags != b->section->flags || !depth)
		return false;
	if ((a->stem || b->stem) && (!a->stem || !b->stem || !str_equal(a->stem, b->stem)))
		return false;
	a->equal_to = b;
	a->equal = false; /* a ring of references back to here is not followed */
	a->equal = same(d, a, b, depth - 1);
	return a->equal;
}

static bool entry_equal(struct delta *d, const struct entry *x, const struct entry *y);

/* What is no node: another object's, or a place in a table. */
static bool places_same(struct delta *d, const struct target *a, const struct target *b)
{
	const struct entry *x = NULL, *y = NULL;
	bool bug = leads_to_bugs(&d->private->before, a, &x);

	if (leads_to_bugs(&d->private->after, b, &y) || bug)
		return x && y && entry_equal(d, x, y);
	if (!a->section != !b->section || a->offset != b->offset)
		return false;
	if (a->section)
		return str_equal(a->section->name, b->section->name);
	return a->symbol->shndx == b->symbol->shndx && a->symbol->value == b->symbol->value &&
	       str_equal(a->symbol->name, b->symbol->name);
}

static bool targets_same(struct delta *d, const struct target *a, const struct target *b,
			 unsigned int depth)
{
	if (!a->node != !b->node)
		return false;
	if (!a->node)
		return places_same(d, a, b);
	if (a->node->class == CLASS_LITERALS && b->node->class == CLASS_LITERALS)
		return literals_equal(a, b);
	if (a->offset != b->offset)
		return false;
	if (a->node->twin || b->node->twin)
		return a->node->twin == b->node;
	return node_is_copied(a->node) && node_is_copied(b->node) &&
	       contents_equal(d, a->node, b->node, depth);
}

bool targets_equal(struct delta *d, const struct target *a, const struct target *b)
{
	return targets_same(d, a, b, DEPTH);
}

static bool bytes_equal(const uint8_t *a, const uint8_t *b, uint64_t size)
{
	if (!a || !b)
		return a == b;
	return !memcmp(a, b, size);
}

static bool string_moved(struct node *a, const struct reloc *r, const struct target *x,
			 struct node *b, const struct reloc *q, const struct target *y)
{
	const char *old, *new;

	if (!x->node || !y->node || x->node->class != CLASS_LITERALS ||
	    y->node->class != CLASS_LITERALS)
		return false;
	old = section_string(x->node->section, x->offset);
	new = section_string(y->node->section, y->offset);
	return old && new &&only_string_moved(a, r, old, b, q, new);
}

static bool relocs_equal(struct delta *d, struct node *a, struct node *b, unsigned int depth)
{
	for (size_t i = 0; i < a->n_relocs; i++) {
		const struct reloc *r = &a->relocs[i], *q = &b->relocs[i];
		struct target x, y;

		if (r->type != q->type || r->offset - a->start != q->offset - b->start)
			return false;
		if (!node_target_roughly(a, r, &x) || !node_target_roughly(b, q, &y))
			return false;
		if (!targets_same(d, &x, &y, depth) && !string_moved(a, r, &x, b, q, &y))
			return false;
	}
	return true;
}

static bool entry_equal(struct delta *d, const struct entry *x, const struct entry *y)
{
	const struct table *t = x->table, *u = y->table;
	size_t i = section_reloc_at(t->section, x->offset);
	size_t k = section_reloc_at(u->section, y->offset);
	struct view *a = &d->private->before, *b = &d->private->after;

	if (t->special != u->special || t->entry_size != u->entry_size)
		return false;
	if (t->special->kind == SPECIAL_UNWIND_IP) /* follows from the code */
		return true;
	if (!entry_bytes_equal(d, x, y))
		return false;
	for (;; i++, k++) {
		const struct reloc *r = &t->section->relocs.v[i], *q = &u->section->relocs.v[k];
		bool more = i < t->section->relocs.n && r->offset < x->offset + t->entry_size;
		bool too = k < u->section->relocs.n && q->offset < y->offset + t->entry_size;
		struct target to, other;

		if (more != too)
			return false;
		if (!more)
			return true;
		if (r->type != q->type || r->offset - x->offset != q->offset - y->offset ||
		    !entry_target(a, x, r, &to) || !entry_target(b, y, q, &other))
			return false;
		if (entry_names_nothing(x, r) && entry_names_nothing(y, q))
			continue;
		if (!targets_equal(d, &to, &other))
			return false;
	}
}

/* The table of before with the same name; of several, the one in the same place. */
static const struct table *table_before(const struct delta *d, const struct table *t)
{
	size_t nth = 0;

	for (const struct table *x = d->private->after.tables.v; x < t; x++)
		nth += str_equal(x->section->name, t->section->name);
	vec_for_each(&d->private->before.tables, x)
		if (str_equal(x->section->name, t->section->name) && !nth--)
			return x;
	return NULL;
}

bool table_changed(struct delta *d, const struct table *t)
{
	const struct table *old = table_before(d, t);
	const struct section *a = old ? old->section : NULL, *b = t->section;

	if (!a || a->size != b->size || a->relocs.n != b->relocs.n ||
	    !bytes_equal(a->bytes, b->bytes, a->size))
		return true;
	for (size_t i = 0; i < a->relocs.n; i++) {
		const struct reloc *r = &a->relocs.v[i], *q = &b->relocs.v[i];
		struct target x, y;

		if (r->type != q->type || r->offset != q->offset ||
		    !table_target(&d->private->before, r, &x) ||
		    !table_target(&d->private->after, q, &y) || !targets_equal(d, &x, &y))
			return true;
	}
	return false;
}

static bool entries_equal(struct delta *d, const struct node *a, const struct node *b)
{
	const struct entry *x = a->entries, *y = b->entries;

	for (; x && y; x = x->next, y = y->next)
		if (!entry_equal(d, x, y))
			return false;
	return !x && !y;
}

/* What may refer to its neighbours unseen is the same only among the same neighbours. */
static bool neighbours_equal(const struct node *a, const struct node *b)
{
	if (!a->undecodable && !b->undecodable)
		return true;
	return a->start == b->start && a->section->size == b->section->size &&
	       bytes_equal(a->section->bytes, b->section->bytes, a->section->size);
}

/* A variable of its own section that asks for more alignment than the running one has. */
static bool needs_alignment(const struct node *a, const struct node *b)
{
	return b->class == CLASS_DATA && b->twin && b->section->align > a->section->align &&
	       b->view->in_section[b->section->index].n == 1;
}

static bool both_equal(struct delta *d, struct node *a, struct node *b, unsigned int depth)
{
	return !a || !b ? a == b : contents_equal(d, a, b, depth);
}

static bool same(struct delta *d, struct node *a, struct node *b, unsigned int depth)
{
	if (!both_equal(d, a->handlers, b->handlers, depth) ||
	    !both_equal(d, a->personality, b->personality, depth))
		return false;
	if (a->size != b->size || a->n_relocs != b->n_relocs ||
	    a->section->flags != b->section->flags || needs_alignment(a, b) ||
	    !neighbours_equal(a, b))
		return false;
	if (!relocs_equal(d, a, b, depth) || !entries_equal(d, a, b))
		return false;
	return bytes_equal(a->bytes, b->bytes, a->size) || only_lines_moved(a, b);
}

bool nodes_equal(struct delta *d, struct node *a, struct node *b)
{
	return same(d, a, b, DEPTH);
}

struct error *compare(struct delta *d)
{
	vec_for_each(&d->private->after.nodes, it) {
		struct node *n = *it;

		if (n->class == CLASS_LITERALS || node_is_copied(n))
			continue;
		if (!n->twin)
			n->state = STATE_NEW;
		else if (!nodes_equal(d, n->twin, n))
			n->state = STATE_CHANGED;
	}
	vec_for_each(&d->private->after.nodes, it) {
		struct node *n = *it;

		if (n->parent && n->state != STATE_SAME && n->parent->state == STATE_SAME) {
			n->parent->state = STATE_CHANGED;
			n->parent->by_cold = n->parent->cold == n;
		}
	}
	return NULL;
}

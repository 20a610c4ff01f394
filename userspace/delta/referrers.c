// SPDX-License-Identifier: GPL-2.0-or-later
/* Who refers to what: the relocations of an object, turned around. */
#include "delta/private.h"

static struct error *add_referrer(struct view *v, struct node *to, const struct referrer *r)
{
	struct referrer *copy = arena_dup(v->arena, r, sizeof(*r));

	if (!copy)
		return error_nomem();
	copy->next = to->referrers;
	to->referrers = copy;
	return NULL;
}

static struct error *index_node(struct view *v, struct node *n)
{
	if (n->class == CLASS_LITERALS)
		return NULL;
	for (size_t i = 0; i < n->n_relocs; i++) {
		struct referrer r = { .from = n, .reloc = &n->relocs[i] };
		struct target t;

		if (!node_target(n, r.reloc, &t)) {
			/* Of a kind that nobody knows: take it as referring to what it names. */
			t = (struct target){ .node = v->of_symbol[r.reloc->symbol->index] };
			r.from = NULL;
		}
		if (!t.node)
			continue;
		r.called = t.branch && !t.offset;
		r.doubtful = t.uncertain || t.boundary;
		TRY(add_referrer(v, t.node, &r));
		if (t.boundary)
			TRY(add_referrer(v, v->nodes.v[t.node->index - 1], &r));
	}
	return NULL;
}

static struct node *owner_of(const struct table *t, const struct reloc *r)
{
	size_t i = t->entry_size ? r->offset / t->entry_size : t->n;

	return t->entries && i < t->n ? t->entries[i].owner : NULL;
}

static struct error *index_table(struct view *v, const struct table *t)
{
	vec_for_each(&t->section->relocs, it) {
		struct referrer r = { .from = owner_of(t, it), .reloc = it, .in_table = true };
		struct target to;

		if (table_target(v, it, &to) && to.node && to.node != r.from)
			TRY(add_referrer(v, to.node, &r));
	}
	return NULL;
}

struct error *view_index_referrers(struct view *v)
{
	if (v->has_referrers)
		return NULL;
	v->has_referrers = true;
	vec_for_each(&v->nodes, it)
		TRY(index_node(v, *it));
	vec_for_each(&v->tables, t)
		TRY(index_table(v, t));
	return NULL;
}

bool node_is_local(const struct node *n)
{
	vec_for_each(&n->section->symbols, it)
		if (n->view->of_symbol[(*it)->index] == n && (*it)->bind != STB_LOCAL)
			return false;
	return true;
}

struct error *change_because(struct node *n, const char *reason)
{
	if (!reason)
		return error_nomem();
	if (n->parent)
		n = n->parent;
	if (n->state != STATE_SAME)
		return NULL;
	n->state = STATE_CHANGED;
	n->because = reason;
	return NULL;
}

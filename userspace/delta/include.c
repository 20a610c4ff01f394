// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What goes into the patch: what changed, and from there on everything that it refers to
 * and that the running code does not have.
 */
#include "delta/private.h"

struct work {
	struct delta *d;
	VEC(struct node *) queue;
};

static void work_free(struct work *w)
{
	vec_free(&w->queue);
}

static struct error *add(struct work *w, struct node *n, enum delta_kind kind, const char *reason,
			 const struct delta_item *needed_by)
{
	struct delta_item *item;

	if (n->item)
		return NULL;
	item = arena_new(&w->d->arena, struct delta_item);
	if (!item || !reason)
		return error_nomem();
	item->kind = kind;
	item->section = n->section;
	item->symbol = n->symbol;
	item->old = n->twin ? n->twin->symbol : NULL;
	item->reason = reason;
	item->needed_by = needed_by;
	if (kind == DELTA_NEW_FUNCTION || kind == DELTA_NEW_DATA) {
		struct line at = node_line(n, 0);

		item->file = at.file;
		item->line = at.line;
	}
	n->item = item;
	return vec_push(&w->queue, n);
}

/* Whether the running code's copy serves. If not: what becomes of ours, and why. */
static bool must_travel(const struct node *from, const struct node *to, enum delta_kind *kind,
			const char **why)
{
	bool family = to->parent == from || to->cold == from;

	*kind = DELTA_COPIED_DATA;
	switch (to->class) {
	case CLASS_TEXT:
		*kind = to->twin ? DELTA_COPIED_FUNCTION : DELTA_NEW_FUNCTION;
		*why = to->twin ? "one function with %s" : "new, referred to by %s";
		if (to->through_callers)
			*why = "can't be redirected itself: a new copy of it for %s";
		return !to->twin || family || to->through_callers;
	case CLASS_DATA:
		if (node_is_copied(to)) {
			*why = "a copy of its own for %s";
			return true;
		}
		if (to->renewed) {
			*why = "its value changed: a copy of its own for %s";
			return true;
		}
		*kind = DELTA_NEW_DATA;
		*why = "new, referred to by %s";
		return !to->twin;
	case CLASS_LITERALS:
		*why = "literals of %s";
		return true;
	case CLASS_PRIVATE:
		*why = "a copy of its own for %s";
		return true;
	case CLASS_PIECES:
		*kind = DELTA_SPECIAL;
		*why = "alternative code of %s";
		return true;
	default: /* outside, or refused */
		return false;
	}
}

static struct error *follow(struct work *w, struct node *from, const struct target *t)
{
	enum delta_kind kind;
	const char *why;

	if (!t->node || t->node == from || !must_travel(from, t->node, &kind, &why))
		return NULL;
	return add(w, t->node, kind, arena_printf(&w->d->arena, why, node_name(from)), from->item);
}

struct walk {
	struct work *w;
	struct node *owner;
};

static struct error *follow_entry(const struct entry *e, const struct reloc *r, void *arg)
{
	struct walk *walk = arg;
	struct target t;

	if (!table_target(walk->owner->view, r, &t) || entry_names_nothing(e, r))
		return NULL;
	return follow(walk->w, walk->owner, &t);
}

static struct error *follow_all(struct work *w, struct node *n)
{
	struct walk walk = { .w = w, .owner = n };
	struct target t;

	if (n->class != CLASS_LITERALS)
		for (size_t i = 0; i < n->n_relocs; i++)
			if (node_target(n, &n->relocs[i], &t))
				TRY(follow(w, n, &t));
	for (const struct entry *e = n->entries; e; e = e->next)
		if (e->table->special->kind != SPECIAL_UNWIND_IP)
			TRY(entry_each_reloc(e, follow_entry, &walk));
	if (n->handlers)
		TRY(add(w, n->handlers, DELTA_COPIED_DATA, "what an exception leads to in it",
			n->item));
	if (n->personality)
		TRY(add(w, n->personality, DELTA_COPIED_DATA, "who handles exceptions in it",
			n->item));
	if (n->cold)
		TRY(add(w, n->cold, n->cold->twin ? DELTA_COPIED_FUNCTION : DELTA_NEW_FUNCTION,
			arena_printf(&w->d->arena, "the cold part of %s()", node_name(n)),
			n->item));
	return NULL;
}

/* The sentence, and the line it is about. */
static const char *why_changed(struct delta *d, struct node *n, struct line *line)
{
	struct node *of = n->by_cold ? n->cold : n;
	const char *why;
	uint64_t at = 0;

	if (n->because) {
		*line = node_line(n, 0);
		return n->because;
	}
	if (!of->twin)
		return "it has a cold part now";
	if (of->prefix && of->prefix->state != STATE_SAME && nodes_equal(d, of->twin, of))
		return "its type, by the number before it, differs";
	why = explain_difference(d, of->twin, of, &at);
	*line = node_line(of, at);
	return why && n->by_cold ? arena_printf(&d->arena, "in its cold part, %s", why) : why;
}

static struct error *add_changed(struct work *w, struct node *n)
{
	struct line line = { 0 };

	if (n->parent || n->through_callers) /* goes with its parent, or with its callers */
		return NULL;
	if (n->state == STATE_CHANGED) {
		TRY(add(w, n, DELTA_CHANGED_FUNCTION, why_changed(w->d, n, &line), NULL));
		n->item->file = line.file ? line.file : n->item->file;
		n->item->line = line.file ? line.line : n->item->line;
		return NULL;
	}
	if (n->symbol->bind != STB_LOCAL)
		return add(w, n, DELTA_NEW_FUNCTION, "new and global: other objects may call it",
			   NULL);
	return NULL;
}

static struct error *add_written(struct work *w, struct node *n)
{
	struct line line = { 0 };

	TRY(add(w, n, DELTA_WRITTEN_DATA, why_changed(w->d, n, &line), NULL));
	n->item->file = line.file;
	n->item->line = line.line;
	return NULL;
}

static bool new_global_data(const struct node *n)
{
	return n->class == CLASS_DATA && n->state == STATE_NEW && n->symbol &&
	       n->symbol->bind != STB_LOCAL;
}

/* Callbacks and states that the fix names (suture/patch.h). */
static bool is_new_extra(const struct node *n)
{
	return n->class == CLASS_EXTRA && n->state == STATE_NEW;
}

/* The table entries of included code, one item for each table. */
static struct error *add_tables(struct delta *d)
{
	vec_for_each(&d->private->after.tables, t) {
		struct delta_item *item;
		size_t n = 0;

		for (size_t i = 0; i < t->n; i++)
			n += t->entries[i].owner && t->entries[i].owner->item;
		if (!n)
			continue;
		item = arena_new(&d->arena, struct delta_item);
		if (!item)
			return error_nomem();
		item->kind = DELTA_SPECIAL;
		item->section = t->section;
		item->reason = arena_printf(&d->arena, "%zu of %zu entries are about included code",
					    n, t->n);
		if (!item->reason)
			return error_nomem();
		TRY(vec_push(&d->items, item));
	}
	return NULL;
}

static int by_place(const void *a, const void *b)
{
	const struct delta_item *x = *(struct delta_item *const *)a,
				*y = *(struct delta_item *const *)b;
	uint64_t u = x->symbol ? x->symbol->value : 0, v = y->symbol ? y->symbol->value : 0;

	if (x->section->index != y->section->index)
		return x->section->index < y->section->index ? -1 : 1;
	return u < v ? -1 : u > v;
}

struct error *include(struct delta *d)
{
	struct work w __cleanup(work_free) = { .d = d };

	vec_for_each(&d->private->after.nodes, it) {
		struct node *n = *it;

		if (n->class == CLASS_TEXT)
			d->functions += n->symbol && n->symbol->type == STT_FUNC && !n->parent;
		if (n->class == CLASS_TEXT && n->symbol && n->state != STATE_SAME)
			TRY(add_changed(&w, n));
		else if (n->written)
			TRY(add_written(&w, n));
		else if (new_global_data(n))
			TRY(add(&w, n, DELTA_NEW_DATA,
				"new and global: other objects may refer to it", NULL));
		else if (is_new_extra(n))
			TRY(add(&w, n, DELTA_NEW_DATA, "the fix names it for livepatch", NULL));
	}
	for (size_t i = 0; i < w.queue.n; i++)
		TRY(follow_all(&w, w.queue.v[i]));
	vec_for_each(&w.queue, it)
		TRY(vec_push(&d->items, (*it)->item));
	TRY(add_tables(d));
	vec_sort(&d->items, by_place);
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which node of before is which of after.
 *
 * Names that the compiler took from the source are trusted. Numbered names are not: the
 * numbers differ between builds, and a wrong pair of variables would make new code use
 * the wrong storage. So a numbered variable is paired only if the code that refers to it
 * says so: where two correlated functions refer to variables of one stem from the same
 * place, or each to only one of that stem, that is a vote; votes must agree both ways.
 *
 * A wrong pair of cloned functions does no harm: a clone is called only from this object,
 * and a caller that did not change was compiled against the very pair that is assumed.
 */
#include <ctype.h>
#include <string.h>

#include "delta/private.h"

static bool same_sort(const struct node *a, const struct node *b)
{
	return a->class == b->class && a->numbered == b->numbered;
}

static void pair(struct node *before, struct node *after)
{
	before->twin = after;
	after->twin = before;
}

static struct error *pair_by_name(struct delta *d)
{
	struct delta_private *p = d->private;

	vec_for_each(&p->after.nodes, it) {
		struct node *n = *it, *old;

		if (!n->symbol || n->numbered || n->is_private || node_is_blob(n))
			continue;
		old = view_node_named(&p->before, n->symbol->name);
		if (old && !old->twin && same_sort(old, n))
			pair(old, n);
	}
	return NULL;
}

/*
 * Nodes without a name of their own, and sections that are compared as a whole: by section
 * name, the first with the first and so on.
 */
static bool goes_by_section(const struct node *n)
{
	if (n->twin || node_is_copied(n))
		return false;
	return node_is_blob(n) || !n->symbol;
}

static struct error *list_by_section(struct view *v, struct hash_map *heads)
{
	struct hash_map tails __cleanup(hash_free) = { 0 };

	vec_for_each(&v->nodes, it) {
		struct node *n = *it;
		uint64_t *tail;

		if (!goes_by_section(n))
			continue;
		tail = hash_get(&tails, n->section->name);
		if (tail)
			((struct node *)(uintptr_t)*tail)->next = n;
		else
			TRY(hash_put(heads, n->section->name, (uint64_t)(uintptr_t)n));
		TRY(hash_put(&tails, n->section->name, (uint64_t)(uintptr_t)n));
	}
	return NULL;
}

static struct error *pair_by_section(struct delta *d)
{
	struct hash_map before __cleanup(hash_free) = { 0 }, after __cleanup(hash_free) = { 0 };

	TRY(list_by_section(&d->private->before, &before));
	TRY(list_by_section(&d->private->after, &after));
	for (size_t i = 0; i < after.cap; i++) {
		uint64_t *at = after.slots[i].used ? hash_get(&before, after.slots[i].key) : NULL;
		struct node *a, *b;

		if (!at)
			continue;
		a = (struct node *)(uintptr_t)*at;
		b = (struct node *)(uintptr_t)after.slots[i].value;
		for (; a && b; a = a->next, b = b->next)
			if (a->class == b->class)
				pair(a, b);
	}
	return NULL;
}

/* Cloned functions: the same numbers first, then a stem that is left once in each. */
struct clones {
	struct node *before, *after;
	unsigned int n_before, n_after;
};

static bool is_clone(const struct node *n)
{
	return n->numbered && !n->twin && (n->class == CLASS_TEXT || n->class == CLASS_BOOT_TEXT);
}

static struct error *pair_exact_clones(struct delta *d)
{
	struct delta_private *p = d->private;
	struct hash_map names __cleanup(hash_free) = { 0 };

	vec_for_each(&p->before.nodes, it)
		if (is_clone(*it))
			TRY(hash_put(&names, (*it)->symbol->name, (uint64_t)(uintptr_t)*it));
	vec_for_each(&p->after.nodes, it) {
		uint64_t *at;

		if (!is_clone(*it))
			continue;
		at = hash_get(&names, (*it)->symbol->name);
		if (at && same_sort((struct node *)(uintptr_t)*at, *it))
			pair((struct node *)(uintptr_t)*at, *it);
	}
	return NULL;
}

static struct error *pair_lone_clones(struct delta *d)
{
	struct delta_private *p = d->private;
	struct hash_map stems __cleanup(hash_free) = { 0 };
	VEC(struct clones) groups = { 0 };
	struct error *e = NULL;

	for (int side = 0; side < 2 && !e; side++) {
		struct view *v = side ? &p->after : &p->before;

		for (size_t i = 0; i < v->nodes.n && !e; i++) {
			struct node *n = v->nodes.v[i];
			uint64_t *at;
			struct clones *g;

			if (!is_clone(n))
				continue;
			at = hash_get(&stems, n->stem);
			if (!at) {
				e = vec_push(&groups, (struct clones){ 0 });
				if (!e)
					e = hash_put(&stems, n->stem, groups.n - 1);
			}
			if (e)
				break;
			g = &groups.v[at ? *at : groups.n - 1];
			*(side ? &g->after : &g->before) = n;
			(*(side ? &g->n_after : &g->n_before))++;
		}
	}
	vec_for_each(&groups, g)
		if (g->n_before == 1 && g->n_after == 1 && same_sort(g->before, g->after))
			pair(g->before, g->after);
	vec_free(&groups);
	return e;
}

/* --- numbered variables ------------------------------------------------------- */

static bool wants_votes(const struct node *n)
{
	return n && n->numbered && !n->is_private &&
	       (n->class == CLASS_DATA || n->class == CLASS_PERCPU);
}

static bool may_be(const struct node *a, const struct node *b)
{
	return same_sort(a, b) && str_equal(a->stem, b->stem) &&
	       a->section->type == b->section->type && a->section->flags == b->section->flags;
}

struct votes {
	VEC(struct node *) queue; /* of after: newly paired, to be looked at */
};

static void votes_free(struct votes *q)
{
	vec_free(&q->queue);
}

static void vote(struct node *a, struct node *b)
{
	if ((a->vote && a->vote != b) || (b->vote && b->vote != a)) {
		a->contradicted = b->contradicted = true;
		if (a->vote)
			a->vote->contradicted = true;
		if (b->vote)
			b->vote->contradicted = true;
	}
	a->vote = b;
	b->vote = a;
}

static bool same_layout(const struct node *a, const struct node *b)
{
	if (a->size != b->size || a->n_relocs != b->n_relocs)
		return false;
	for (size_t i = 0; i < a->n_relocs; i++)
		if (a->relocs[i].offset - a->start != b->relocs[i].offset - b->start ||
		    a->relocs[i].type != b->relocs[i].type)
			return false;
	return true;
}

/* A table that the compiler made for a switch may lead to another one, and so on: so deep. */
#define TABLES 4

/*
 * The compiler's own constants have no twin, but what lies at the same place of both is one thing.
 */
static bool leads_on(const struct node *a, const struct node *b)
{
	return a && b && a->is_private && b->is_private && a->stem && b->stem &&
	       str_equal(a->stem, b->stem) && !(a->section->flags & SHF_WRITE) && same_layout(a, b);
}

/* Of what refers to nothing the bytes are all there is. */
static bool is_same(const struct node *a, const struct node *b)
{
	return a->size == b->size && !a->n_relocs && !b->n_relocs && a->bytes && b->bytes &&
	       !memcmp(a->bytes, b->bytes, a->size);
}

/*
 * Behind such a table a variable is paired if it is the same: one that is another goes with the
 * function, as the table does.
 */
static bool may_be_behind(const struct node *a, const struct node *b, unsigned int tables)
{
	return may_be(a, b) && (!tables || (!(a->section->flags & SHF_WRITE) && is_same(a, b)));
}

static void vote_by_place(struct node *a, struct node *b, unsigned int tables)
{
	for (size_t i = 0; i < a->n_relocs; i++) {
		struct target x, y;

		if (!node_target_roughly(a, &a->relocs[i], &x) ||
		    !node_target_roughly(b, &b->relocs[i], &y))
			continue;
		if (tables < TABLES && leads_on(x.node, y.node))
			vote_by_place(x.node, y.node, tables + 1);
		if (wants_votes(x.node) && wants_votes(y.node) &&
		    may_be_behind(x.node, y.node, tables))
			vote(x.node, y.node);
	}
}

/* The distinct numbered variables that a node refers to, by all that tells them apart. */
static struct error *list_numbered(struct node *n, struct hash_map *stems)
{
	for (size_t i = 0; i < n->n_relocs; i++) {
		struct target t;
		const char *key;
		uint64_t *at;

		if (!node_target_roughly(n, &n->relocs[i], &t) || !wants_votes(t.node))
			continue;
		key = arena_printf(n->view->arena, "%s %lx %x %lx", t.node->stem, t.node->size,
				   t.node->section->type, t.node->section->flags);
		if (!key)
			return error_nomem();
		at = hash_get(stems, key);
		if (!at)
			TRY(hash_put(stems, key, (uint64_t)(uintptr_t)t.node));
		else if (*at != (uint64_t)(uintptr_t)t.node)
			*at = 0; /* several of one stem */
	}
	return NULL;
}

static struct error *vote_by_stem(struct node *a, struct node *b)
{
	struct hash_map in_a __cleanup(hash_free) = { 0 }, in_b __cleanup(hash_free) = { 0 };

	TRY(list_numbered(a, &in_a));
	if (!in_a.n)
		return NULL;
	TRY(list_numbered(b, &in_b));
	for (size_t i = 0; i < in_a.cap; i++) {
		const struct hash_slot *slot = &in_a.slots[i];
		uint64_t *at = slot->used ? hash_get(&in_b, slot->key) : NULL;
		struct node *x, *y;

		if (!at || !*at || !slot->value)
			continue;
		x = (struct node *)(uintptr_t)slot->value;
		y = (struct node *)(uintptr_t)*at;
		if (may_be(x, y))
			vote(x, y);
	}
	return NULL;
}

static struct error *ask(struct node *before, struct node *after)
{
	if (!after->n_relocs || after->class == CLASS_LITERALS)
		return NULL;
	if (same_layout(before, after)) {
		vote_by_place(before, after, 0);
		return NULL;
	}
	return vote_by_stem(before, after);
}

static struct error *pair_elected(struct delta *d, struct votes *q)
{
	vec_for_each(&d->private->after.nodes, it) {
		struct node *n = *it;

		if (n->twin || !n->vote || n->contradicted || n->vote->contradicted ||
		    n->vote->vote != n || n->vote->twin)
			continue;
		pair(n->vote, n);
		TRY(vec_push(&q->queue, n));
	}
	return NULL;
}

/*
 * The compiler may have cut a program's function in two: foo() tests something, and what is behind
 * the test is foo.part.0(), with the variables that foo() had before. What it refers to is as good
 * a vote as foo()'s own.
 */
static struct error *ask_of_parts(struct delta *d)
{
	static const char mark[] = ".part";

	if (!d->arch->process)
		return NULL;
	vec_for_each(&d->private->after.nodes, it) {
		struct node *n = *it, *whole;
		const char *at = n->class == CLASS_TEXT && !n->twin && n->stem && n->numbered
					 ? strstr(n->stem, mark)
					 : NULL;
		char *name __free = NULL;

		if (!at || at[sizeof(mark) - 1])
			continue;
		name = strndup(n->stem, (size_t)(at - n->stem));
		if (!name)
			return error_nomem();
		whole = view_node_named(&d->private->before, name);
		if (whole && whole->twin)
			TRY(vote_by_stem(whole, n));
	}
	return NULL;
}

static struct error *pair_by_votes(struct delta *d)
{
	struct votes q __cleanup(votes_free) = { 0 };
	size_t done = 0;

	TRY(ask_of_parts(d));
	vec_for_each(&d->private->after.nodes, it)
		if ((*it)->twin)
			TRY(vec_push(&q.queue, *it));
	do {
		for (; done < q.queue.n; done++)
			TRY(ask(q.queue.v[done]->twin, q.queue.v[done]));
		TRY(pair_elected(d, &q));
	} while (done < q.queue.n);
	return NULL;
}

/*
 * foo.cold belongs to foo, whatever other suffixes foo has, and so does __cfi_foo, which lies
 * before it: the number of its type, that callers check (kCFI).
 */
static char *name_of_parent(const struct node *n, bool *is_cold)
{
	const char *name = n->symbol->name, *cold = strstr(name, ".cold");

	*is_cold = cold && (!cold[5] || cold[5] == '.');
	if (*is_cold)
		return strndup(name, (size_t)(cold - name));
	return strdup(str_starts(name, "__cfi_") ? name + strlen("__cfi_") : "");
}

static bool lies_before(const struct node *n, const struct node *of)
{
	return n->section == of->section && n->start < of->start &&
	       of->start - (n->start + n->size) < 64;
}

static struct error *find_parents(struct view *v)
{
	struct hash_map exact __cleanup(hash_free) = { 0 };

	vec_for_each(&v->nodes, it) {
		struct node *n = *it;

		if (n->symbol && (n->class == CLASS_TEXT || n->class == CLASS_BOOT_TEXT))
			TRY(hash_put(&exact, n->symbol->name, (uint64_t)(uintptr_t)n));
	}
	vec_for_each(&v->nodes, it) {
		struct node *n = *it, *parent;
		char *name __free = NULL;
		uint64_t *at;
		bool is_cold;

		if (!n->symbol || n->symbol->type != STT_FUNC)
			continue;
		name = name_of_parent(n, &is_cold);
		if (!name)
			return error_nomem();
		at = *name ? hash_get(&exact, name) : NULL;
		parent = at ? (struct node *)(uintptr_t)*at : NULL;
		if (!parent || (!is_cold && !lies_before(n, parent)))
			continue;
		n->parent = parent;
		*(is_cold ? &parent->cold : &parent->prefix) = n;
	}
	return NULL;
}

/* Local, and "foo.count" where there may be a "foo.count.7" too. */
static bool is_first_of_several(const struct node *n, const struct hash_map *stems)
{
	return n->symbol && n->symbol->bind == STB_LOCAL && !n->numbered && n->stem &&
	       (n->class == CLASS_DATA || n->class == CLASS_PERCPU) && strchr(n->stem, '.') &&
	       hash_get(stems, n->stem);
}

/*
 * Of several variables of one name in one function clang leaves the first without a number, and
 * which is the first may change: its name proves no more than the others' do.
 */
static struct error *distrust_first_names(struct delta *d)
{
	struct view *both[] = { &d->private->before, &d->private->after };
	struct hash_map stems __cleanup(hash_free) = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(both); i++)
		vec_for_each(&both[i]->nodes, it)
			if ((*it)->numbered && (*it)->stem && strchr((*it)->stem, '.'))
				TRY(hash_put(&stems, (*it)->stem, 1));
	for (size_t i = 0; i < ARRAY_SIZE(both) && stems.n; i++)
		vec_for_each(&both[i]->nodes, it)
			if (is_first_of_several(*it, &stems))
				(*it)->numbered = true;
	return NULL;
}

static bool may_name_its_line(const struct node *n)
{
	const char *name = n->symbol ? n->symbol->name : "";
	size_t length = strlen(name);

	return length && isdigit((unsigned char)name[length - 1]) && !n->numbered &&
	       !n->is_private && n->symbol->bind == STB_LOCAL &&
	       (n->class == CLASS_DATA || n->class == CLASS_PERCPU);
}

/*
 * Names that end with the line of their declaration. When lines move, one may even have the name
 * that another had: such a name proves no more than the compiler's numbers do.
 */
static struct error *distrust_lines_in_names(struct delta *d)
{
	struct view *both[] = { &d->private->before, &d->private->after };

	for (size_t i = 0; i < ARRAY_SIZE(both); i++)
		vec_for_each(&both[i]->nodes, it) {
			const char *stem;

			if (!may_name_its_line(*it))
				continue;
			TRY(node_stem_of_line(*it, &stem));
			if (stem) {
				(*it)->stem = stem;
				(*it)->numbered = true;
			}
		}
	return NULL;
}

struct error *correlate(struct delta *d)
{
	TRY(distrust_first_names(d));
	TRY(distrust_lines_in_names(d));
	TRY(pair_by_name(d));
	TRY(pair_by_section(d));
	TRY(pair_exact_clones(d));
	TRY(pair_lone_clones(d));
	TRY(find_parents(&d->private->before));
	TRY(find_parents(&d->private->after));
	return pair_by_votes(d);
}

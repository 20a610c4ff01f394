// SPDX-License-Identifier: GPL-2.0-or-later
/* The events once more, from the first: what the other tables must hold. */
#include "ledger/replay.h"

#include "base/hash.h"
#include "base/vec.h"
#include "ledger/event.h"

struct replay {
	struct arena *arena;
	struct ledger_fault *fault;
	VEC(struct ledger_patch) patches;
	VEC(struct ledger_newest) newests;
	struct hash_map patch_at, newest_at;
};

static void replay_end(struct replay *r)
{
	vec_free(&r->patches);
	vec_free(&r->newests);
	hash_free(&r->patch_at);
	hash_free(&r->newest_at);
}
#define __cleanup_replay __cleanup(replay_end)

static struct error *found(struct ledger_fault *fault, uint64_t seq, const char *what)
{
	if (!what)
		return error_nomem();
	*fault = (struct ledger_fault){ FAULT_DISAGREES, seq, what };
	return NULL;
}

/* The patch of an event as it was before; made when it is first met. */
static struct error *patch_before(struct replay *r, const char *name, struct ledger_patch **out)
{
	uint64_t *at = hash_get(&r->patch_at, name);

	if (!at) {
		TRY(vec_push(&r->patches, (struct ledger_patch){ .name = name }));
		TRY(hash_put(&r->patch_at, name, r->patches.n - 1));
		at = hash_get(&r->patch_at, name);
	}
	*out = &r->patches.v[*at];
	return NULL;
}

static struct error *see(struct replay *r, const struct ledger_event *e)
{
	struct ledger_newest seen = { e->fix, e->version, e->seq };
	uint64_t *at = hash_get(&r->newest_at, e->fix);

	if (!at) {
		TRY(vec_push(&r->newests, seen));
		return hash_put(&r->newest_at, e->fix, r->newests.n - 1);
	}
	if (e->version > r->newests.v[*at].version)
		r->newests.v[*at] = seen;
	return NULL;
}

static bool is_allowed(const struct ledger_event *e, const struct ledger_patch *p)
{
	struct error *no __cleanup_error = NULL;

	if (e->before != p->state)
		return false;
	no = e->after == e->before ? NULL : ledger_transition(e->before, e->after);
	return !no;
}

static struct error *step(struct replay *r, const struct ledger_event *e)
{
	struct ledger_patch *p;

	if (e->fix && e->version)
		TRY(see(r, e));
	if (!e->patch)
		return NULL;
	TRY(patch_before(r, e->patch, &p));
	if (!is_allowed(e, p))
		return found(r->fault, e->seq,
			     arena_printf(r->arena,
					  "event %llu takes %s from %s to %s, which was %s: suture "
					  "did not write that",
					  (unsigned long long)e->seq, e->patch,
					  ledger_state_name(e->before), ledger_state_name(e->after),
					  ledger_state_name(p->state)));
	ledger_event_apply(e, p);
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct ledger_patch *)a)->name,
		      ((const struct ledger_patch *)b)->name);
}

static int by_fix(const void *a, const void *b)
{
	return strcmp(((const struct ledger_newest *)a)->fix,
		      ((const struct ledger_newest *)b)->fix);
}

struct error *replay_events(const struct ledger_events *events, struct arena *a,
			    struct ledger_patches *patches, struct ledger_newests *newests,
			    struct ledger_fault *fault)
{
	struct replay r __cleanup_replay = { .arena = a, .fault = fault };
	size_t kept = 0;

	for (size_t i = 0; i < events->n && !fault->kind; i++)
		TRY(step(&r, &events->v[i]));
	/* Of whom there was talk only has no row. */
	vec_for_each(&r.patches, p)
		if (p->state)
			r.patches.v[kept++] = *p;
	r.patches.n = kept;
	vec_sort(&r.patches, by_name);
	vec_sort(&r.newests, by_fix);
	patches->n = r.patches.n;
	newests->n = r.newests.n;
	patches->v = arena_dup(a, r.patches.v, r.patches.n * sizeof(*r.patches.v));
	newests->v = arena_dup(a, r.newests.v, r.newests.n * sizeof(*r.newests.v));
	return patches->v && newests->v ? NULL : error_nomem();
}

static bool same(const char *a, const char *b)
{
	return a && b ? str_equal(a, b) : a == b;
}

/* The first column in which they differ, or NULL. */
static const char *differing(const struct ledger_patch *a, const struct ledger_patch *b)
{
	const struct {
		const char *column;
		bool same;
	} columns[] = {
		{ "state", a->state == b->state },
		{ "confirmed", a->confirmed == b->confirmed },
		{ "bundle", same(a->bundle, b->bundle) },
		{ "path", same(a->path, b->path) },
		{ "module", same(a->module, b->module) },
		{ "fix", same(a->fix, b->fix) },
		{ "version", a->version == b->version },
		{ "boot", same(a->boot, b->boot) },
		{ "deadline", a->deadline == b->deadline },
		{ "since", a->since == b->since },
		{ "seq", a->seq == b->seq },
	};

	for (size_t i = 0; i < ARRAY_SIZE(columns); i++)
		if (!columns[i].same)
			return columns[i].column;
	return NULL;
}

/* Two sorted lists: which of them has the next name, -1, 0 (both), 1. */
static int which(const char *a, const char *b)
{
	if (!a || !b)
		return a ? -1 : 1;
	return strcmp(a, b);
}

struct error *replay_compare_patches(const struct ledger_patches *is,
				     const struct ledger_patches *should, struct arena *a,
				     struct ledger_fault *fault)
{
	size_t i = 0, s = 0;

	while (i < is->n || s < should->n) {
		int order = which(i < is->n ? is->v[i].name : NULL,
				  s < should->n ? should->v[s].name : NULL);
		const char *column;

		if (order < 0)
			return found(fault, 0,
				     arena_printf(a, "there is a patch %s that no event knows",
						  is->v[i].name));
		if (order > 0)
			return found(
				fault, should->v[s].seq,
				arena_printf(a, "the patch %s, which event %llu is about, is gone",
					     should->v[s].name,
					     (unsigned long long)should->v[s].seq));
		column = differing(&is->v[i], &should->v[s]);
		if (column)
			return found(fault, should->v[s].seq,
				     arena_printf(a,
						  "the patch %s is not what its events made of it: "
						  "'%s' differs",
						  is->v[i].name, column));
		i++, s++;
	}
	return NULL;
}

struct error *replay_compare_newests(const struct ledger_newests *is,
				     const struct ledger_newests *should, struct arena *a,
				     struct ledger_fault *fault)
{
	size_t i = 0, s = 0;

	while (i < is->n || s < should->n) {
		int order = which(i < is->n ? is->v[i].fix : NULL,
				  s < should->n ? should->v[s].fix : NULL);

		if (order || is->v[i].version != should->v[s].version ||
		    is->v[i].seq != should->v[s].seq)
			return found(
				fault, 0,
				arena_printf(a,
					     "the newest version of the fix %s is not what the "
					     "events say",
					     order < 0 ? is->v[i].fix : should->v[s].fix));
		i++, s++;
	}
	return NULL;
}

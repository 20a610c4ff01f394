// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening a process, undoing, reverting, and settling what a killed manager left. */
#include "hotpatch/patching.h"

#include "hotpatch/hooks.h"
#include "hotpatch/near.h"
#include "hotpatch/timing.h"

#define STOP_SECONDS 0.03
#define PATIENCE 2.0
#define SETTLED_MOST 1024 /* patches of a process, that may write to them meanwhile */

void patching_close(struct patching *a)
{
	switch_free(&a->sw);
	patches_free(&a->patches);
	process_close(&a->opened);
}

static struct error *check_threads(struct opened *o)
{
	struct stop *s;
	pid_t tid;

	TRY(process_stop(o, &s));
	tid = process_uninterruptible(s->tasks);
	return tid ? error_new(ERROR_PENDING,
			       "thread %d waits in the kernel and can't be interrupted", tid)
		   : NULL;
}

struct error *patching_open(const struct process *p, const uint8_t *build_id, unsigned int n,
			    const struct hotpatch_options *options, struct patching *out)
{
	struct patching a __cleanup_patching = { .opened = OPENED_CLOSED, .options = options };

	a.sw.stop_seconds = options->stop_seconds > 0 ? options->stop_seconds : STOP_SECONDS;
	a.sw.patience = options->patience > 0 ? options->patience : PATIENCE;
	TRY(process_open(p, build_id, n, options->watch, &a.opened));
	a.opened.vector = process_vector_read(p->via);
	TRY(process_obstacle(p, &a.opened.vector));
	TRY(check_threads(&a.opened));
	TRY(patches_read(&a.opened, &a.patches));
	*out = a;
	a = (struct patching){ .opened = OPENED_CLOSED };
	return NULL;
}

struct error *patching_switch(struct patching *a, bool *wrote)
{
	a->sw.patches = &a->patches;
	return switch_run(&a->opened, &a->sw, wrote, &a->dirty);
}

static struct error *read_again(struct patching *a)
{
	patches_free(&a->patches);
	TRY(maps_read_open(a->opened.query, &a->opened.maps));
	return patches_read(&a->opened, &a->patches);
}

/* --- putting back --------------------------------------------------------------------- */

static const struct header_site *next_staying(const struct header *h, uint64_t from)
{
	const struct header_site *next = NULL;

	for (uint32_t i = 0; i < h->fixed.n; i++) {
		const struct header_site *s = &h->sites[i];

		if (s->flags & HEADER_STAYS && s->fresh >= from &&
		    (!next || s->fresh < next->fresh))
			next = s;
	}
	return next;
}

struct error *patching_forbid_code(struct patching *a, const struct header *h, bool own)
{
	uint64_t from = h->fixed.code_start, end = h->fixed.code_end;

	/* Behind the stubs is what timed functions return to, whoever they are. */
	if (h->fixed.timed)
		end = own ? h->fixed.timed : timing_return(&h->fixed);

	while (from < end) {
		const struct header_site *s = next_staying(h, from);
		struct stack_range r = { from, s && s->fresh < end ? s->fresh : end,
					 "the code of the patch" };

		if (r.end > r.start)
			TRY(vec_push(&a->sw.ranges, r));
		from = s ? s->fresh + s->fresh_size : end;
	}
	return NULL;
}

/* Nobody may be between the bytes that are written. */
static struct error *plan_site(struct patching *a, const struct header_site *s, bool *needed)
{
	struct stack_range within = { s->address + 1, s->address + SITE_JUMP, "a jump" };
	struct stack_range old = { s->old, s->old + s->old_size, "the original function" };
	struct switch_site site = { .address = s->address };
	uint8_t now[SITE_JUMP];

	TRY(memory_read(&a->opened.memory, s->address, now, sizeof(now)));
	*needed = memcmp(now, s->before, SITE_JUMP);
	if (!*needed)
		return NULL;
	memcpy(site.from, now, SITE_JUMP);
	a->sw.gated &= s->gate && site_jump(s->address, s->gate, site.gate);
	memcpy(site.to, s->before, SITE_JUMP);
	TRY(vec_push(&a->sw.sites, site));
	/* Behind a restored site the original runs; its jump lies in it. */
	return vec_push(&a->sw.ranges,
			s->flags & HEADER_RESTORES && !(s->flags & HEADER_STAYS) ? old : within);
}

struct error *patching_put_back(struct patching *a, const struct patch *p)
{
	bool wrote = false, any = false;
	struct error *e;

	a->sw.sites.n = a->sw.ranges.n = 0;
	a->sw.gated = true;
	a->sw.flag = 0;
	a->sw.flag_at = p->header.fixed.base + header_flag_at();
	TRY(patch_check_before(&a->opened, &a->patches, p));
	for (uint32_t i = 0; i < p->header.fixed.n; i++) {
		bool needed;

		TRY(plan_site(a, &p->header.sites[i], &needed));
		any |= needed;
	}
	TRY(patching_forbid_code(a, &p->header, true));
	TRY(patch_set_state(&a->opened, p, HEADER_REVERTING));
	e = any ? patching_switch(a, &wrote) : NULL;
	if (!e)
		return patch_set_state(&a->opened, p, HEADER_REVERTED);
	/* It stays what it was. */
	if (!wrote && p->header.fixed.state == HEADER_APPLIED) {
		struct error *back = patch_set_state(&a->opened, p, HEADER_APPLIED);

		error_free(&back);
	}
	return e;
}

static bool leads_through_stub(const struct header_fixed *f, const struct header_site *s,
			       uint32_t i, const uint8_t *now)
{
	uint8_t count[SITE_JUMP], timed[SITE_JUMP];

	return (site_jump(s->address, header_stub(f, i), count) &&
		!memcmp(now, count, SITE_JUMP)) ||
	       (f->timed && site_jump(s->address, timing_stub(f, i), timed) &&
		!memcmp(now, timed, SITE_JUMP));
}

struct error *patching_end_count(struct patching *a, const struct patch *p)
{
	bool wrote;

	a->sw.sites.n = a->sw.ranges.n = 0;
	a->sw.gated = false;
	for (uint32_t i = 0; i < p->header.fixed.n; i++) {
		const struct header_site *s = &p->header.sites[i];
		struct switch_site site = { .address = s->address };
		uint8_t now[SITE_JUMP];

		if (s->flags & HEADER_RESTORES)
			continue;
		TRY(memory_read(&a->opened.memory, s->address, now, sizeof(now)));
		if (!leads_through_stub(&p->header.fixed, s, i, now))
			continue;
		memcpy(site.from, now, SITE_JUMP);
		memcpy(site.to, s->after, SITE_JUMP);
		TRY(vec_push(&a->sw.sites, site));
	}
	return a->sw.sites.n ? patching_switch(a, &wrote) : NULL;
}

/* --- settling ------------------------------------------------------------------------- */

static struct error *unmap(struct patching *a, const struct patch *p)
{
	const struct header_fixed *f = &p->header.fixed;

	TRY(hooks_unregister(a, f));
	return near_unmap(&a->opened, f->base, f->end - f->base, &a->dirty);
}

/* 'again': the list of patches is no longer what it was. */
static struct error *settle_one(struct patching *a, const struct patch *p, bool *again)
{
	switch (p->header.fixed.state) {
	case HEADER_MEASURING:
		*again = true;
		return p->text == PATCH_OUT && !p->timed && !p->gates && !p->header.fixed.reused
			       ? unmap(a, p)
			       : patching_put_back(a, p);
	case HEADER_PREPARED:
	case HEADER_APPLYING:
		*again = p->counting;
		if (p->text == PATCH_IN && !p->gates)
			return patch_set_state(&a->opened, p, HEADER_APPLIED);
		*again = true;
		/* No jump has ever led there: the way to undo sets another state first. */
		return p->text == PATCH_OUT && !p->gates && !p->header.fixed.reused
			       ? unmap(a, p)
			       : patching_put_back(a, p);
	case HEADER_REVERTING:
		*again = true;
		return patching_put_back(a, p);
	case HEADER_APPLIED:
		*again = p->counting;
		return p->counting ? patching_end_count(a, p) : NULL;
	default:
		return NULL;
	}
}

struct error *patching_settle(struct patching *a)
{
	unsigned int settled = 0;
	bool swept;

	TRY(near_sweep(&a->opened, &swept, &a->dirty));
	if (swept)
		TRY(read_again(a));
	for (size_t i = 0; i < a->patches.v.n; i++) {
		const struct patch *p = &a->patches.v.v[i];
		bool again = false;

		if (p->text == PATCH_FOREIGN)
			continue;
		TRY_CONTEXT(settle_one(a, p, &again), "settling %s", p->header.fixed.fix);
		if (again && ++settled > SETTLED_MOST)
			return error_failed("it changes its patches itself");
		if (again) {
			TRY(read_again(a));
			i = (size_t)-1;
		}
	}
	return NULL;
}

/* --- reverting ------------------------------------------------------------------------ */

struct error *patching_revert(struct patching *a, const char *fix)
{
	const struct patch *p;

	TRY(patching_settle(a));
	p = patches_find(&a->patches, fix);
	if (!p || (p->text == PATCH_OUT && p->header.fixed.state == HEADER_REVERTED))
		return error_new(ERROR_NOTHING, "%s is not applied", fix);
	if (p->text == PATCH_FOREIGN)
		return error_refused("the code has bytes that suture did not write: nothing is "
				     "changed");
	if (p->covered)
		return error_refused("a later patch has functions of %s: revert that first", fix);
	TRY(hooks_call(a, &p->header.fixed, HEADER_PRE_REVERT));
	TRY(patching_put_back(a, p));
	return error_context(hooks_call(a, &p->header.fixed, HEADER_POST_REVERT),
			     "the old code is back, but for a last step");
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/process_patch.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/interrupt.h"
#include "base/str.h"

#define FIRST_LOOK_MS 4 /* at what was counted */
#define LOOK_MS 64
#define ROUNDS_MOST 16 /* of looking for processes that began meanwhile */

struct error *process_patch_is(const struct bundle *b, bool *out)
{
	size_t n = 0;

	vec_for_each(&b->payloads, p)
		n += p->process;
	*out = n;
	return !n || n == b->payloads.n
		       ? NULL
		       : error_refused("the bundle is for kernels and for processes at once: apply "
				       "a bundle for each");
}

static struct error *open_part(const struct bundle *b, const struct bundle_payload *payload,
			       struct process_part *part)
{
	char build_id[2 * sizeof(part->object.build_id) + 1];

	part->payload = payload;
	TRY(hotpatch_object_read(payload->content->s, payload->content->n, &part->object));
	for (unsigned int i = 0; i < part->object.build_id_n; i++)
		snprintf(build_id + 2 * i, 3, "%02x", part->object.build_id[i]);
	if (!str_equal(build_id, payload->build_id) || !str_equal(part->object.fix, b->name))
		return error_failed("the object is of another fix, or for another file, than the "
				    "manifest says");
	return NULL;
}

struct error *process_patch_open(const struct bundle *b, struct process_patch *out)
{
	struct process_patch p __cleanup_process_patch = { .name = b->name,
							   .supersedes = &b->facts.supersedes };

	vec_for_each(&b->payloads, payload) {
		TRY(vec_push(&p.parts, (struct process_part){ 0 }));
		TRY_CONTEXT(open_part(b, payload, &p.parts.v[p.parts.n - 1]), "%s", payload->file);
	}
	*out = p;
	p = (struct process_patch){ 0 };
	return NULL;
}

void process_patch_free(struct process_patch *p)
{
	vec_for_each(&p->parts, part)
		hotpatch_object_free(&part->object);
	vec_for_each(&p->rows, row)
		error_free(&row->why);
	vec_free(&p->parts);
	vec_free(&p->rows);
}

/* --- looking -------------------------------------------------------------------------- */

static bool same_process(const struct process *a, const struct process *b)
{
	return a->pid == b->pid && a->start == b->start && a->bias == b->bias;
}

static struct process_row *row_of(struct process_patch *p, size_t part, const struct process *of)
{
	vec_for_each(&p->rows, row)
		if (row->part == part && same_process(&row->process, of))
			return row;
	return NULL;
}

static void read_back(struct process_patch *p, size_t part, const struct hotpatch_live *live)
{
	struct process_row *row = row_of(p, part, &live->process);

	if (!row || !str_equal(live->fix, p->name))
		return;
	/* Its pages may be there twice, reverted once. */
	if (live->state == HOTPATCH_REVERTED)
		return;
	row->covered = live->covered;
	row->counting = live->counting;
	row->calls = live->calls;
	row->called = live->called;
	row->since = live->since;
	row->code = live->code;
	switch (live->state) {
	case HOTPATCH_LIVE:
		row->has = PROCESS_HAS;
		break;
	case HOTPATCH_PARTIAL:
		row->has = PROCESS_HAS_PART;
		break;
	case HOTPATCH_MEASURED:
		row->has = PROCESS_MEASURED;
		break;
	case HOTPATCH_LOST:
		row->has = PROCESS_HAS_LOST;
		break;
	case HOTPATCH_REVERTED:
		break;
	}
}

static struct error *list(struct process_patch *p, size_t part, const struct processes *found)
{
	vec_for_each(&found->v, it) {
		struct process_row *row = row_of(p, part, it);

		if (row) {
			row->process = *it;
			row->listed = true;
			continue;
		}
		TRY(vec_push(&p->rows,
			     (struct process_row){ .process = *it, .part = part, .listed = true }));
	}
	return NULL;
}

static struct error *read_back_all(struct process_patch *p, size_t part,
				   const struct processes *found)
{
	const struct hotpatch_object *o = &p->parts.v[part].object;
	struct hotpatch_lives lives = { 0 };

	TRY(hotpatch_status(o->build_id, o->build_id_n, found, &lives));
	vec_for_each(&lives.v, it)
		read_back(p, part, it);
	vec_free(&lives.v);
	return NULL;
}

static struct error *look_at_part(struct process_patch *p, size_t part)
{
	const struct hotpatch_object *o = &p->parts.v[part].object;
	struct processes found __cleanup_processes = { 0 };

	TRY(process_find(o->build_id, o->build_id_n, &found));
	TRY(list(p, part, &found));
	return read_back_all(p, part, &found);
}

static int by_part(const void *a, const void *b)
{
	const struct process_row *x = a, *y = b;

	if (x->part != y->part)
		return (x->part > y->part) - (x->part < y->part);
	return x->process.pid != y->process.pid
		       ? (x->process.pid > y->process.pid) - (x->process.pid < y->process.pid)
		       : (x->process.bias > y->process.bias) - (x->process.bias < y->process.bias);
}

/* Those that have ended are no longer there to have anything. */
static void drop_ended(struct process_patch *p)
{
	size_t kept = 0;

	vec_for_each(&p->rows, row) {
		if (row->listed)
			p->rows.v[kept++] = *row;
		else
			error_free(&row->why);
	}
	p->rows.n = kept;
}

struct error *process_patch_look(struct process_patch *p)
{
	vec_for_each(&p->rows, row) {
		row->listed = false;
		row->has = PROCESS_HAS_NOT;
		row->covered = row->counting = false;
		row->calls = row->called = 0;
		row->since = row->code = 0;
	}
	for (size_t i = 0; i < p->parts.n; i++)
		TRY(look_at_part(p, i));
	drop_ended(p);
	vec_sort(&p->rows, by_part);
	return NULL;
}

/* --- acting --------------------------------------------------------------------------- */

enum act { CHECK, MEASURE, APPLY, REVERT, SETTLE };

static struct error *run(const struct process_patch *p, size_t part, enum act act,
			 const struct processes *on, const struct hotpatch_options *o,
			 struct hotpatch_results *out)
{
	const struct hotpatch_object *object = &p->parts.v[part].object;
	struct hotpatch_options with = *o;

	with.supersedes = p->supersedes->v.v;
	with.n_supersedes = p->supersedes->v.n;
	switch (act) {
	case CHECK:
		return hotpatch_check(object, on, &with, out);
	case MEASURE:
		return hotpatch_measure(object, on, &with, out);
	case APPLY:
		return hotpatch_apply(object, on, &with, out);
	case REVERT:
		return hotpatch_revert(object->build_id, object->build_id_n, p->name, on, o, out);
	case SETTLE:
		return hotpatch_settle(object->build_id, object->build_id_n, on, o, out);
	}
	return NULL;
}

static void take_result(struct process_patch *p, size_t part, enum act act,
			struct hotpatch_result *r)
{
	struct process_row *row = row_of(p, part, &r->process);

	if (!row)
		return;
	/* What is settled well says nothing of what came of it before. */
	if (act != SETTLE || r->error) {
		error_free(&row->why);
		row->why = take(r->error);
	}
	row->threads = r->threads;
	row->stopped += r->stopped;
	if (r->longest_stop > row->longest_stop)
		row->longest_stop = r->longest_stop;
}

/* On those rows of the part that 'wanted' picks; 'any': there were some. */
static struct error *act_on(struct process_patch *p, size_t part, enum act act,
			    bool (*wanted)(const struct process_patch *p,
					   const struct process_row *row),
			    const struct hotpatch_options *o, bool *any)
{
	struct hotpatch_results results __cleanup_hotpatch_results = { 0 };
	struct processes on __cleanup_processes = { 0 };

	vec_for_each(&p->rows, row)
		if (row->part == part && wanted(p, row))
			TRY(vec_push(&on.v, row->process));
	if (!on.v.n)
		return NULL;
	*any = true;
	TRY(run(p, part, act, &on, o, &results));
	vec_for_each(&results.v, r)
		take_result(p, part, act, r);
	return NULL;
}

static struct error *act_on_all(struct process_patch *p, enum act act,
				bool (*wanted)(const struct process_patch *p,
					       const struct process_row *row),
				const struct hotpatch_options *o, bool *any)
{
	*any = false;
	for (size_t i = 0; i < p->parts.n; i++)
		TRY(act_on(p, i, act, wanted, o, any));
	return NULL;
}

static bool is_without(const struct process_patch *p, const struct process_row *row)
{
	(void)p;
	return row->has != PROCESS_HAS;
}

static bool is_untried(const struct process_patch *p, const struct process_row *row)
{
	return is_without(p, row) && !row->why &&
	       !(p->leave && p->leave(p->leave_arg, row->process.pid));
}

static bool has_some(const struct process_patch *p, const struct process_row *row)
{
	(void)p;
	return row->has != PROCESS_HAS_NOT;
}

/* It has this part, and another part failed there. */
static bool is_half(const struct process_patch *p, const struct process_row *row)
{
	if (row->has != PROCESS_HAS)
		return false;
	vec_for_each(&p->rows, other)
		if (other->process.pid == row->process.pid &&
		    other->process.start == row->process.start && is_without(p, other))
			return true;
	return false;
}

static bool is_counting(const struct process_patch *p, const struct process_row *row)
{
	(void)p;
	return row->counting;
}

static bool all_called(const struct process_patch *p)
{
	vec_for_each(&p->rows, row)
		if (row->counting && row->called < p->parts.v[row->part].object.functions.n)
			return false;
	return true;
}

/* Who interrupts it wants no more proof, and an end to the counting all the same. */
static struct error *await_calls(struct process_patch *p, double seconds)
{
	double until = clock_seconds() + seconds;
	int pause = FIRST_LOOK_MS;

	while (!all_called(p) && clock_seconds() < until) {
		struct error *interrupted = interrupt_check();
		bool over = interrupted;

		error_free(&interrupted);
		if (over)
			return NULL;
		poll(NULL, 0, pause);
		pause = pause * 2 < LOOK_MS ? pause * 2 : LOOK_MS;
		TRY(process_patch_look(p));
	}
	return NULL;
}

/* One that is forked meanwhile counts as its parent does. */
static struct error *end_count(struct process_patch *p, const struct hotpatch_options *o)
{
	bool any = true;

	for (int i = 0; i < ROUNDS_MOST; i++) {
		TRY(act_on_all(p, SETTLE, is_counting, o, &any));
		if (!any)
			return NULL;
		TRY(process_patch_look(p));
	}
	return NULL;
}

struct error *process_patch_check(struct process_patch *p, const struct hotpatch_options *o)
{
	bool any;

	TRY(process_patch_look(p));
	return act_on_all(p, CHECK, is_without, o, &any);
}

struct error *process_patch_apply(struct process_patch *p, const struct hotpatch_options *o)
{
	bool any = true;

	TRY(process_patch_look(p));
	vec_for_each(&p->rows, row)
		error_free(&row->why);
	/* Until a look has found no other. */
	for (int i = 0; any && i < ROUNDS_MOST; i++) {
		TRY(act_on_all(p, APPLY, is_untried, o, &any));
		if (any)
			TRY(process_patch_look(p));
	}
	TRY(act_on_all(p, REVERT, is_half, o, &any));
	if (any)
		TRY(process_patch_look(p));
	if (o->count > 0)
		TRY(await_calls(p, o->count));
	return o->timing_rate ? NULL : end_count(p, o);
}

static bool is_measured(const struct process_patch *p, const struct process_row *row)
{
	(void)p;
	return row->has == PROCESS_MEASURED;
}

struct error *process_patch_measure(struct process_patch *p, const struct hotpatch_options *o,
				    size_t *n)
{
	bool any;

	TRY(process_patch_look(p));
	TRY(act_on_all(p, MEASURE, is_without, o, &any));
	TRY(process_patch_look(p));
	*n = 0;
	vec_for_each(&p->rows, row)
		*n += row->has == PROCESS_MEASURED;
	return NULL;
}

struct error *process_patch_settle(struct process_patch *p, const struct hotpatch_options *o)
{
	bool any;

	TRY(process_patch_look(p));
	TRY(act_on_all(p, SETTLE, is_measured, o, &any));
	if (any)
		TRY(process_patch_look(p));
	return end_count(p, o);
}

static struct error *look_among(struct process_patch *p, const pid_t *pids, size_t n)
{
	for (size_t i = 0; i < p->parts.n; i++) {
		const struct hotpatch_object *o = &p->parts.v[i].object;
		struct processes found __cleanup_processes = { 0 };

		TRY(process_find_among(o->build_id, o->build_id_n, pids, n, &found));
		TRY(list(p, i, &found));
		TRY(read_back_all(p, i, &found));
	}
	return NULL;
}

/* Only listed are the rows of those that were asked for. */
static bool is_listed(const struct process_patch *p, const struct process_row *row)
{
	return row->listed && is_without(p, row) && !row->why;
}

static bool is_listed_half(const struct process_patch *p, const struct process_row *row)
{
	return row->listed && is_half(p, row);
}

struct error *process_patch_give(struct process_patch *p, const pid_t *pids, size_t n,
				 const struct hotpatch_options *o)
{
	bool any;

	vec_for_each(&p->rows, row)
		row->listed = false;
	TRY(look_among(p, pids, n));
	/* A look at all may have met one on its way, where it could not be patched yet. */
	vec_for_each(&p->rows, row)
		if (row->listed)
			error_free(&row->why);
	TRY(act_on_all(p, APPLY, is_listed, o, &any));
	if (!any)
		return NULL;
	TRY(look_among(p, pids, n));
	TRY(act_on_all(p, REVERT, is_listed_half, o, &any));
	return any ? look_among(p, pids, n) : NULL;
}

struct error *process_patch_revert(struct process_patch *p, const struct hotpatch_options *o)
{
	bool any = true;

	TRY(process_patch_look(p));
	/* One that was forked meanwhile has what its parent had. */
	for (int i = 0; any && i < ROUNDS_MOST; i++) {
		size_t before = p->rows.n;

		TRY(act_on_all(p, REVERT, has_some, o, &any));
		TRY(process_patch_look(p));
		any = any && p->rows.n != before;
	}
	return NULL;
}

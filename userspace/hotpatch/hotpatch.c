// SPDX-License-Identifier: GPL-2.0-or-later
/* Many processes at a time, each by a thread of its own that ends with it (stop.h). */
#include "hotpatch/hotpatch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "hotpatch/patching.h"

enum verb { CHECK, MEASURE, APPLY, REVERT, SETTLE };

#define PATIENCE 2.0
#define PAUSE_NS 2000000
#define JOBS_MOST 64
#define LONGER_MOST 4 /* times that the limit of a stop is doubled */

struct order {
	enum verb verb;
	const struct hotpatch_object *object;
	const uint8_t *build_id;
	unsigned int n;
	const char *fix;
	const struct hotpatch_options *options;
	struct hotpatch_results *results;
	atomic_size_t next;
};

/* One of the jobs that run at a time: a row of threads, each of which works until it must end. */
struct slot {
	struct order *order;
	pthread_t thread;
	struct hotpatch_result *current; /* to be tried again; or NULL */
	double until;			 /* when that is given up */
	unsigned int tries;
};

void hotpatch_results_free(struct hotpatch_results *r)
{
	vec_for_each(&r->v, it)
		error_free(&it->error);
	vec_free(&r->v);
}

/* --- one process ---------------------------------------------------------------------- */

static struct error *act(const struct order *o, struct patching *a)
{
	switch (o->verb) {
	case CHECK:
		return patching_check(a, o->object);
	case MEASURE:
		return patching_measure(a, o->object);
	case APPLY:
		return patching_apply(a, o->object);
	case REVERT:
		return patching_revert(a, o->fix);
	case SETTLE:
		return patching_settle(a);
	}
	return NULL;
}

/* 'again': what was in the way may pass. 'dirty': this thread must end first. */
static void attempt(const struct order *o, struct hotpatch_result *r, unsigned int tries,
		    bool *again, bool *dirty)
{
	struct patching a __cleanup_patching = { .opened = OPENED_CLOSED };
	bool opened;

	error_free(&r->error);
	r->error = patching_open(&r->process, o->build_id, o->n, o->options, &a);
	opened = !r->error;
	/* On a busy machine threads need longer to come to their stop. */
	a.sw.stop_seconds *= 1u << (tries < LONGER_MOST ? tries : LONGER_MOST);
	if (opened)
		r->error = act(o, &a);
	*dirty = a.dirty;
	/* One that could not be opened may be waiting for its vfork child. */
	*again = (a.dirty || !opened) && error_kind(r->error) == ERROR_PENDING;
	r->longest_stop = a.sw.longest > r->longest_stop ? a.sw.longest : r->longest_stop;
	r->stopped += a.sw.total;
	r->stops += a.sw.stops;
	r->threads = a.sw.threads;
}

/* --- many ----------------------------------------------------------------------------- */

static struct hotpatch_result *next_of(struct slot *s)
{
	size_t i = atomic_fetch_add(&s->order->next, 1);
	double patience = s->order->options->patience;

	s->tries = 0;
	s->until = clock_seconds() + (patience > 0 ? patience : PATIENCE);
	return i < s->order->results->v.n ? &s->order->results->v.v[i] : NULL;
}

/* What a thread could not let go goes free with its end: then the next one works on. */
static void *work(void *arg)
{
	struct timespec pause = { .tv_nsec = PAUSE_NS };
	struct slot *s = arg;
	bool again, dirty = false;

	while (!dirty && (s->current || (s->current = next_of(s)))) {
		attempt(s->order, s->current, s->tries, &again, &dirty);
		s->tries += dirty;
		if (!again || clock_seconds() > s->until)
			s->current = NULL;
		else if (!dirty)
			nanosleep(&pause, NULL);
	}
	return dirty ? s : NULL;
}

static void *supervise(void *arg)
{
	struct timespec pause = { .tv_nsec = PAUSE_NS };
	struct slot *s = arg;
	void *more;

	do {
		pthread_t thread;

		if (pthread_create(&thread, NULL, work, s))
			break;
		pthread_join(thread, &more);
		if (more)
			nanosleep(&pause, NULL);
	} while (more);
	return NULL;
}

static struct error *run_slots(struct order *o, size_t jobs)
{
	struct slot slots[JOBS_MOST];
	size_t started = 0;

	for (; started < jobs; started++) {
		slots[started] = (struct slot){ .order = o };
		if (pthread_create(&slots[started].thread, NULL, supervise, &slots[started]))
			break;
	}
	for (size_t i = 0; i < started; i++)
		pthread_join(slots[i].thread, NULL);
	return atomic_load(&o->next) < o->results->v.n ? error_nomem() : NULL;
}

static struct error *run(struct order *o, const struct processes *list,
			 struct hotpatch_results *out)
{
	struct hotpatch_results r __cleanup_hotpatch_results = { 0 };
	long jobs = o->options->jobs ? o->options->jobs : sysconf(_SC_NPROCESSORS_ONLN);

	vec_for_each(&list->v, p)
		TRY(vec_push(&r.v, (struct hotpatch_result){ .process = *p }));
	if (jobs > (long)r.v.n)
		jobs = (long)r.v.n;
	o->results = &r;
	TRY(run_slots(o, jobs < 1 ? 1 : jobs > JOBS_MOST ? JOBS_MOST : (size_t)jobs));
	*out = r;
	r = (struct hotpatch_results){ 0 };
	return NULL;
}

static struct error *run_object(enum verb verb, const struct hotpatch_object *o,
				const struct processes *list,
				const struct hotpatch_options *options,
				struct hotpatch_results *out)
{
	struct order order = { .verb = verb,
			       .object = o,
			       .build_id = o->build_id,
			       .n = o->build_id_n,
			       .options = options };

	return run(&order, list, out);
}

struct error *hotpatch_check(const struct hotpatch_object *o, const struct processes *list,
			     const struct hotpatch_options *options, struct hotpatch_results *out)
{
	return run_object(CHECK, o, list, options, out);
}

struct error *hotpatch_measure(const struct hotpatch_object *o, const struct processes *list,
			       const struct hotpatch_options *options, struct hotpatch_results *out)
{
	return run_object(MEASURE, o, list, options, out);
}

struct error *hotpatch_apply(const struct hotpatch_object *o, const struct processes *list,
			     const struct hotpatch_options *options, struct hotpatch_results *out)
{
	return run_object(APPLY, o, list, options, out);
}

struct error *hotpatch_revert(const uint8_t *build_id, unsigned int n, const char *fix,
			      const struct processes *list, const struct hotpatch_options *options,
			      struct hotpatch_results *out)
{
	struct order order = {
		.verb = REVERT, .build_id = build_id, .n = n, .fix = fix, .options = options
	};

	return run(&order, list, out);
}

struct error *hotpatch_settle(const uint8_t *build_id, unsigned int n, const struct processes *list,
			      const struct hotpatch_options *options, struct hotpatch_results *out)
{
	struct order order = { .verb = SETTLE, .build_id = build_id, .n = n, .options = options };

	return run(&order, list, out);
}

/* --- status --------------------------------------------------------------------------- */

const char *hotpatch_state_name(enum hotpatch_state state)
{
	static const char *const names[] = { "live", "reverted", "partial", "measured", "lost" };

	return names[state];
}

static enum hotpatch_state state_of(const struct patch *p)
{
	switch (p->text) {
	case PATCH_OUT:
		return p->timed ? HOTPATCH_MEASURED : HOTPATCH_REVERTED;
	case PATCH_IN:
		return HOTPATCH_LIVE;
	case PATCH_PARTIAL:
		return HOTPATCH_PARTIAL;
	default:
		return HOTPATCH_LOST;
	}
}

static struct error *read_calls(const struct opened *o, const struct patch *p,
				struct hotpatch_live *live)
{
	uint64_t *cells __free = calloc(p->header.fixed.n + 1, sizeof(*cells));

	if (!cells)
		return error_nomem();
	TRY(patch_cells(o, p, cells));
	for (uint32_t i = 0; i < p->header.fixed.n; i++) {
		/* What it restores is not its own code. */
		if (p->header.sites[i].flags & HEADER_RESTORES)
			continue;
		live->functions++;
		/* The process could have written anything there. */
		live->calls =
			cells[i] > UINT64_MAX - live->calls ? UINT64_MAX : live->calls + cells[i];
		live->called += cells[i] != 0;
	}
	return NULL;
}

struct error *hotpatch_times(const struct process *p, const uint8_t *build_id,
			     unsigned int build_id_n, const char *fix, struct timing_counts *out,
			     size_t n, bool *new)
{
	struct opened o __cleanup_opened = OPENED_CLOSED;
	struct patches patches __cleanup_patches = { 0 };
	const struct patch *found;

	TRY(process_open(p, build_id, build_id_n, NULL, &o));
	TRY(patches_read(&o, &patches));
	found = patches_find(&patches, fix);
	if (!found || !found->timed || found->header.fixed.n < n)
		return error_new(ERROR_NOTHING, "its calls are not timed");
	*new = found->text != PATCH_OUT;
	return timing_read(&o, &found->header.fixed, n, out);
}

static struct error *status_of(const struct process *p, const uint8_t *build_id, unsigned int n,
			       struct hotpatch_lives *out)
{
	struct opened o __cleanup_opened = OPENED_CLOSED;
	struct patches patches __cleanup_patches = { 0 };
	struct error *e = process_open(p, build_id, n, NULL, &o);

	if (e && error_kind(e) == ERROR_NOTHING) {
		error_free(&e);
		return NULL;
	}
	if (e)
		return e;
	TRY(patches_read(&o, &patches));
	vec_for_each(&patches.v, it) {
		struct hotpatch_live live = { .process = *p,
					      .state = state_of(it),
					      .covered = it->covered,
					      .counting = it->counting,
					      .since = it->header.fixed.applied,
					      .code = it->header.fixed.code_start };

		memcpy(live.fix, it->header.fixed.fix, sizeof(live.fix));
		TRY(read_calls(&o, it, &live));
		TRY(vec_push(&out->v, live));
	}
	return NULL;
}

struct error *hotpatch_status(const uint8_t *build_id, unsigned int n, const struct processes *list,
			      struct hotpatch_lives *out)
{
	struct hotpatch_lives lives = { 0 };

	vec_for_each(&list->v, p) {
		struct error *e = status_of(p, build_id, n, &lives);

		if (e) {
			vec_free(&lives.v);
			return error_context(e, "process %d", p->pid);
		}
	}
	*out = lives;
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Many processes at a time, each by a thread of its own that ends with it (stop.h). */
#include "hotpatch/hotpatch.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include "base/clock.h"
#include "hotpatch/act.h"

enum verb { CHECK, APPLY, REVERT, SETTLE };

#define PATIENCE 2.0
#define PAUSE_NS 2000000

struct order {
	enum verb verb;
	const struct hotpatch_object *object;
	const uint8_t *build_id;
	unsigned int n;
	const char *fix;
	const struct hotpatch_options *options;
	sem_t slots;
};

struct work {
	struct order *order;
	struct hotpatch_result *result;
	pthread_t thread;
	bool again; /* a thread of the process did not stop, which may pass */
};

void hotpatch_results_free(struct hotpatch_results *r)
{
	vec_for_each(&r->v, it)
		error_free(&it->error);
	vec_free(&r->v);
}

/* --- one ------------------------------------------------------------------------------ */

static struct error *act(const struct order *o, struct act *a)
{
	switch (o->verb) {
	case CHECK:
		return act_check(a, o->object);
	case APPLY:
		return act_apply(a, o->object);
	case REVERT:
		return act_revert(a, o->fix);
	case SETTLE:
		return act_settle(a);
	}
	return NULL;
}

static void *attempt(void *arg)
{
	struct work *w = arg;
	struct hotpatch_result *r = w->result;
	struct act a __cleanup_act = { .opened = OPENED_CLOSED };
	bool opened;

	r->error = act_open(&r->process, w->order->build_id, w->order->n, w->order->options, &a);
	opened = !r->error;
	if (opened)
		r->error = act(w->order, &a);
	/* Before it was opened: a vfork child has its memory. */
	w->again = (a.dirty || !opened) && error_kind(r->error) == ERROR_PENDING;
	r->longest_stop = a.sw.longest > r->longest_stop ? a.sw.longest : r->longest_stop;
	r->stopped += a.sw.total;
	r->stops += a.sw.stops;
	r->threads = a.sw.threads;
	return NULL;
}

/* Each attempt in a thread: what it could not let go goes free with its end. */
static void *one(void *arg)
{
	double patience = ((struct work *)arg)->order->options->patience;
	double until = clock_seconds() + (patience > 0 ? patience : PATIENCE);
	struct timespec pause = { .tv_nsec = PAUSE_NS };
	struct work *w = arg;

	for (;;) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, attempt, w)) {
			w->result->error = error_nomem();
			break;
		}
		pthread_join(thread, NULL);
		if (!w->again || clock_seconds() > until)
			break;
		error_free(&w->result->error);
		nanosleep(&pause, NULL);
	}
	sem_post(&w->order->slots);
	return NULL;
}

/* --- all ------------------------------------------------------------------------------ */

static struct error *start_all(struct order *o, struct work *works, struct hotpatch_results *r,
			       size_t *started)
{
	for (size_t i = 0; i < r->v.n; i++) {
		struct work *w = &works[i];

		*w = (struct work){ .order = o, .result = &r->v.v[i] };
		while (sem_wait(&o->slots) && errno == EINTR)
			;
		if (pthread_create(&w->thread, NULL, one, w))
			return error_nomem();
		(*started)++;
	}
	return NULL;
}

static struct error *run(struct order *o, const struct processes *list,
			 struct hotpatch_results *out)
{
	struct hotpatch_results r __cleanup_hotpatch_results = { 0 };
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct work *works __free = NULL;
	size_t started = 0;
	struct error *e;

	vec_for_each(&list->v, p)
		TRY(vec_push(&r.v, (struct hotpatch_result){ .process = *p }));
	works = calloc(r.v.n + 1, sizeof(*works));
	if (!works)
		return error_nomem();
	if (sem_init(&o->slots, 0,
		     o->options->jobs ? o->options->jobs : (unsigned int)(cpus > 0 ? cpus : 1)))
		return error_errno(errno, "sem_init");
	e = start_all(o, works, &r, &started);
	for (size_t i = 0; i < started; i++)
		pthread_join(works[i].thread, NULL);
	sem_destroy(&o->slots);
	if (e)
		return e;
	*out = r;
	r = (struct hotpatch_results){ 0 };
	return NULL;
}

struct error *hotpatch_check(const struct hotpatch_object *o, const struct processes *list,
			     const struct hotpatch_options *options, struct hotpatch_results *out)
{
	struct order order = { CHECK, o, o->build_id, o->build_id_n, NULL, options };

	return run(&order, list, out);
}

struct error *hotpatch_apply(const struct hotpatch_object *o, const struct processes *list,
			     const struct hotpatch_options *options, struct hotpatch_results *out)
{
	struct order order = { APPLY, o, o->build_id, o->build_id_n, NULL, options };

	return run(&order, list, out);
}

struct error *hotpatch_revert(const uint8_t *build_id, unsigned int n, const char *fix,
			      const struct processes *list, const struct hotpatch_options *options,
			      struct hotpatch_results *out)
{
	struct order order = { REVERT, NULL, build_id, n, fix, options };

	return run(&order, list, out);
}

struct error *hotpatch_settle(const uint8_t *build_id, unsigned int n, const struct processes *list,
			      const struct hotpatch_options *options, struct hotpatch_results *out)
{
	struct order order = { SETTLE, NULL, build_id, n, NULL, options };

	return run(&order, list, out);
}

/* --- status --------------------------------------------------------------------------- */

const char *hotpatch_state_name(enum hotpatch_state state)
{
	static const char *const names[] = { "live", "reverted", "partial", "lost" };

	return names[state];
}

static enum hotpatch_state state_of(const struct patch *p)
{
	switch (p->text) {
	case PATCH_OUT:
		return HOTPATCH_REVERTED;
	case PATCH_IN:
		return HOTPATCH_LIVE;
	case PATCH_PARTIAL:
		return HOTPATCH_PARTIAL;
	default:
		return HOTPATCH_LOST;
	}
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
					      .since = it->header.fixed.applied,
					      .functions = it->header.fixed.n };

		memcpy(live.fix, it->header.fixed.fix, sizeof(live.fix));
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

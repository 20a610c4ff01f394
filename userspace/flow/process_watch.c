// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/process_watch.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "probe/process_end.h"

/* What a call loses by being redirected, and counted while it is timed: nanoseconds. */
#define REDIRECT_NS 100
#define LOOK_AGAIN_MS 100

/* A process that is timed, for one of the fix's parts. */
struct timed {
	struct process process;
	size_t part;
	struct timing_counts *last; /* of each function of the part */
	int pidfd;
	bool known; /* 'last' is its own */
	bool patched, over;
};

struct process_watch {
	struct process_patch *patch;
	struct watcher *watcher; /* of the host alone */
	uint64_t rate;
	struct probe_cost cost;		      /* of being timed */
	VEC(struct watch_function) functions; /* of all parts, in their order */
	size_t *first;			      /* of each part, in 'functions' */
	struct latency_reading *sum;	      /* of each function */
	VEC(struct timed) timed;
};

static void timed_free(struct timed *t)
{
	free(t->last);
	close_fd(&t->pidfd);
}

void process_watch_end(struct process_watch **at)
{
	struct process_watch *w = take(*at);

	if (!w)
		return;
	watcher_end(&w->watcher);
	vec_for_each(&w->timed, t)
		timed_free(t);
	vec_free(&w->timed);
	vec_free(&w->functions);
	free(w->first);
	free(w->sum);
	free(w);
}

/* --- which they are ------------------------------------------------------------------- */

static size_t functions_of(const struct process_watch *w, size_t part)
{
	return w->patch->parts.v[part].object.functions.n;
}

static struct timed *find(struct process_watch *w, const struct process_row *row)
{
	vec_for_each(&w->timed, t)
		if (t->part == row->part && t->process.pid == row->process.pid &&
		    t->process.start == row->process.start && t->process.bias == row->process.bias)
			return t;
	return NULL;
}

static struct error *note_process(struct process_watch *w, const struct process_row *row)
{
	struct timed t = { .process = row->process, .part = row->part, .pidfd = -1 };
	struct error *e;

	t.last = calloc(functions_of(w, row->part) + 1, sizeof(*t.last));
	if (!t.last)
		return error_nomem();
	t.pidfd = process_end_open(row->process.pid);
	e = vec_push(&w->timed, t);
	if (e)
		timed_free(&t);
	return e;
}

/* One that was forked meanwhile is timed as its parent is. */
static struct error *note_processes(struct process_watch *w)
{
	vec_for_each(&w->patch->rows, row)
		if (!find(w, row) && (row->has == PROCESS_MEASURED || row->counting))
			TRY(note_process(w, row));
	return NULL;
}

static struct error *list_functions(struct process_watch *w)
{
	w->first = calloc(w->patch->parts.n, sizeof(*w->first));
	if (!w->first)
		return error_nomem();
	for (size_t i = 0; i < w->patch->parts.n; i++) {
		const struct process_part *part = &w->patch->parts.v[i];

		w->first[i] = w->functions.n;
		vec_for_each(&part->object.functions, f)
			TRY(vec_push(&w->functions,
				     (struct watch_function){ part->payload->file, f->name, 0 }));
	}
	w->sum = calloc(w->functions.n + 1, sizeof(*w->sum));
	return w->sum ? NULL : error_nomem();
}

static struct error *first_reason(const struct process_watch *w, struct strbuf *why)
{
	vec_for_each(&w->patch->rows, row)
		if (row->has != PROCESS_MEASURED && row->why)
			return strbuf_printf(why, "%s (%d): %s", row->process.comm,
					     row->process.pid, error_message(row->why));
	return NULL;
}

static struct error *begin(struct process_watch *w, double interval, size_t *timed,
			   struct strbuf *why)
{
	const struct watcher_wish wish = { .interval = interval };
	struct hotpatch_options o = { 0 };
	struct watcher_ways ways = { 0 };

	TRY(list_functions(w));
	TRY(watcher_start(NULL, 0, &wish, &ways, &w->watcher));
	TRY(timing_rate(&w->rate));
	TRY(timing_cost(w->rate, &w->cost.timed, &w->cost.inside));
	o.timing_rate = w->rate;
	TRY(process_patch_measure(w->patch, &o, timed));
	if (!w->patch->rows.n)
		return error_refused("no process has the file mapped: there is nothing to watch");
	TRY(first_reason(w, why));
	return note_processes(w);
}

static void stop_timing(struct process_watch *w)
{
	struct hotpatch_options o = { 0 };
	struct error *e = process_patch_settle(w->patch, &o);

	/* The next manager that looks ends it. */
	error_free(&e);
}

struct error *process_watch_begin(struct process_patch *p, double interval,
				  struct process_watch **out, size_t *timed, struct strbuf *why)
{
	struct process_watch *w __cleanup_process_watch = calloc(1, sizeof(*w));
	struct error *e;

	if (!w)
		return error_nomem();
	w->patch = p;
	e = begin(w, interval, timed, why);
	if (e) {
		stop_timing(w);
		return e;
	}
	*out = take(w);
	return NULL;
}

uint64_t process_watch_rate(const struct process_watch *w)
{
	return w->rate;
}

void process_watch_live(struct process_watch *w)
{
	vec_for_each(&w->timed, t)
		t->patched = true;
}

/* --- readings ------------------------------------------------------------------------- */

static uint64_t grown(uint64_t before, uint64_t now)
{
	return now > before ? now - before : 0;
}

static void add(struct latency_counts *sum, const struct timing_counts *before,
		const struct timing_counts *now)
{
	sum->entries += grown(before->entries, now->entries);
	sum->taken += grown(before->entries, now->entries);
	sum->unseen += grown(before->unseen, now->unseen);
	sum->nanoseconds += grown(before->nanoseconds, now->nanoseconds);
	for (size_t i = 0; i < TIMING_BUCKETS; i++) {
		sum->buckets[i] += grown(before->buckets[i], now->buckets[i]);
		sum->returns += grown(before->buckets[i], now->buckets[i]);
	}
}

/* One that has ended, or is no longer timed: what it had stays counted. */
static struct error *read_one(struct process_watch *w, struct timed *t)
{
	const struct hotpatch_object *o = &w->patch->parts.v[t->part].object;
	size_t n = o->functions.n;
	struct timing_counts *now __free = calloc(n + 1, sizeof(*now));
	struct error *e __cleanup_error = NULL;
	bool new;
	int how;

	if (!now)
		return error_nomem();
	e = hotpatch_times(&t->process, o->build_id, o->build_id_n, w->patch->name, now, n, &new);
	if (e) {
		t->over = process_end_read(t->pidfd, &how) != PROCESS_LIVES;
		return NULL;
	}
	for (size_t i = 0; t->known && i < n; i++)
		add(&w->sum[w->first[t->part] + i].counts, &t->last[i], &now[i]);
	memcpy(t->last, now, n * sizeof(*now));
	t->known = true;
	return NULL;
}

/* The pidfd tells, or the host's probes, which name the last process that a signal ended. */
static bool has_crashed(const struct timed *t, const struct health_value *last)
{
	int how;

	switch (process_end_read(t->pidfd, &how)) {
	case PROCESS_CRASHED:
		return true;
	case PROCESS_GONE:
		return last->known && last->last.when && last->last.pid == t->process.pid;
	default:
		return false;
	}
}

static bool any_crashed(const struct process_watch *w, const struct health_reading *host)
{
	vec_for_each(&w->timed, t)
		if (t->patched && has_crashed(t, &host->v[HEALTH_PROCESS_CRASHES]))
			return true;
	return false;
}

static bool all_over(const struct process_watch *w)
{
	vec_for_each(&w->timed, t)
		if (!t->over)
			return false;
	return w->timed.n;
}

static struct error *next(void *self, double *time, struct health_reading *host,
			  struct latency_reading *each, uint32_t *hard)
{
	struct process_watch *w = self;

	TRY(watcher_next(w->watcher, time, host, NULL, NULL));
	vec_for_each(&w->timed, t)
		if (!t->over)
			TRY(read_one(w, t));
	if (any_crashed(w, host))
		*hard |= 1u << HARD_CRASH;
	else if (all_over(w))
		return error_new(ERROR_NOTHING, "all processes that were watched have ended");
	memcpy(each, w->sum, w->functions.n * sizeof(*each));
	return NULL;
}

static bool any_lost(struct process_watch *w)
{
	vec_for_each(&w->patch->rows, row) {
		const struct timed *t = find(w, row);
		bool without = row->has == PROCESS_HAS_LOST ||
			       (t && t->patched && row->has != PROCESS_HAS);
		int how;

		if (without && (!t || process_end_read(t->pidfd, &how) == PROCESS_LIVES))
			return true;
	}
	return false;
}

/* Lost: it had it, and lives without. One that is just ending loses its memory before that. */
static struct error *look(void *self, bool *lost)
{
	struct process_watch *w = self;

	*lost = true;
	for (int i = 0; i < 2 && *lost; i++) {
		if (i)
			poll(NULL, 0, LOOK_AGAIN_MS);
		TRY(process_patch_look(w->patch));
		TRY(note_processes(w));
		*lost = any_lost(w);
	}
	return NULL;
}

static void detach(void *self)
{
	struct process_watch *w = self;

	if (!w->watcher)
		return;
	stop_timing(w);
	watcher_end(&w->watcher);
}

struct error *process_watch_vigil(struct process_watch *w, const struct vigil_wish *wish,
				  struct vigil **out)
{
	const struct vigil_source source = { .next = next,
					     .look = look,
					     .detach = detach,
					     .self = w,
					     .floor = REDIRECT_NS,
					     .cost = w->cost };
	struct latency_plan *plans __free = calloc(w->functions.n, sizeof(*plans));

	if (!plans)
		return error_nomem();
	for (size_t i = 0; i < w->functions.n; i++)
		plans[i] = (struct latency_plan){ .way = LATENCY_BY_STUB };
	return vigil_begin_on(&source, w->functions.v, plans, w->functions.n, wish, out);
}

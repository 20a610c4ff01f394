// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/switch.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "hotpatch/patch.h"
#include "hotpatch/stop.h"
#include "hotpatch/unwind.h"

#define FIRST_PAUSE_US 500
#define LONGEST_PAUSE_US 50000
#define NUDGE_US 10
#define NUDGE_MOST_US 300
#define TRIES_WITHOUT 2

void switch_free(struct switching *sw)
{
	vec_free(&sw->sites);
	vec_free(&sw->ranges);
}

static int by_start(const void *a, const void *b)
{
	const struct stack_range *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* stack_range_of() wants them apart. */
static void merge_ranges(struct switching *sw)
{
	size_t n = 0;

	vec_sort(&sw->ranges, by_start);
	vec_for_each(&sw->ranges, r) {
		struct stack_range *last = n ? &sw->ranges.v[n - 1] : NULL;

		if (!last || r->start >= last->end)
			sw->ranges.v[n++] = *r;
		else if (r->end > last->end)
			last->end = r->end;
	}
	sw->ranges.n = n;
}

/*
 * A private page of a file is copied at its first write, which takes six times as long as the
 * write: done now, with the bytes that are there.
 */
static struct error *copy_pages(const struct opened *o, const struct switching *sw)
{
	vec_for_each(&sw->sites, s) {
		uint8_t now[SITE_JUMP];

		TRY(memory_read(&o->memory, s->address, now, sizeof(now)));
		if (memcmp(now, s->from, sizeof(now)))
			return error_refused("the bytes at 0x%llx of the file are not what they "
					     "should be",
					     (unsigned long long)(s->address - o->process.bias));
		TRY(memory_write(&o->memory, s->address, now, 1));
	}
	return NULL;
}

static struct error *check_sites(const struct opened *o, const struct switching *sw)
{
	vec_for_each(&sw->sites, s) {
		uint8_t now[SITE_JUMP];

		TRY(memory_read(&o->memory, s->address, now, sizeof(now)));
		if (memcmp(now, s->from, sizeof(now)))
			return error_new(ERROR_PENDING,
					 "the bytes at 0x%llx of the file changed meanwhile",
					 (unsigned long long)(s->address - o->process.bias));
	}
	return NULL;
}

static struct error *blocked(const struct stack_hit *h)
{
	return error_new(ERROR_PENDING, "thread %d %s %s (+0x%llx)", h->tid,
			 h->running ? "runs" : "has to return into", h->range->name,
			 (unsigned long long)(h->address - h->range->start));
}

/* Each of these writes changes nothing of what the process does, but for the flag's. */
static struct error *pass_gates(const struct opened *o, const struct switching *sw)
{
	vec_for_each(&sw->sites, site)
		if (memcmp(site->from, site->gate, SITE_JUMP))
			TRY(memory_write(&o->memory, site->address, site->gate, SITE_JUMP));
	return memory_write(&o->memory, sw->flag_at, &sw->flag, sizeof(sw->flag));
}

/* What a scan found on the stack may be the trace of a call that is over. */
static bool is_trace(struct stop *s, const struct switching *sw, const struct stack_hit *hit,
		     const struct timing_calls *calls, struct unwind *unwind)
{
	vec_for_each(&s->threads, t)
		if (unwind && t->tid == hit->tid)
			return t->settled = unwind_is_outside(unwind, t, calls, sw->ranges.v,
							      sw->ranges.n);
	return false;
}

static bool runs_inside(const struct stopped_thread *t, void *arg)
{
	const struct switching *sw = arg;

	return stack_range_of(sw->ranges.v, sw->ranges.n, t->regs.rip);
}

static bool are_timed(const struct switching *sw)
{
	if (!sw->patches || !sw->ranges.n)
		return false;
	vec_for_each(&sw->patches->v, p)
		if (p->header.fixed.timed)
			return true;
	return false;
}

/* They change when a thread is let run. */
static struct error *read_calls(const struct opened *o, const struct switching *sw,
				struct timing_calls *calls)
{
	timing_calls_free(calls);
	return are_timed(sw) ? timing_calls_read(o, sw->patches, calls) : NULL;
}

/*
 * A thread that runs in a short function leaves it as soon as it may run on; on a busy machine it
 * must first come to run at all. As long as one stop may last.
 */
static struct error *clear_the_way(const struct opened *o, struct switching *sw, struct stop *s,
				   struct stack_look *look, struct unwind *unwind)
{
	struct timing_calls calls __cleanup_timing_calls = { 0 };
	double until = s->began + sw->stop_seconds;
	unsigned int us = NUDGE_US;

	look->calls = &calls;
	for (;;) {
		struct stack_hit hit;

		TRY(read_calls(o, sw, &calls));
		TRY(stack_check(s, look, sw->ranges.v, sw->ranges.n, &hit));
		if (!hit.range)
			return NULL;
		if (!hit.running && is_trace(s, sw, &hit, look->calls, unwind))
			continue;
		if (!hit.running || clock_seconds() > until ||
		    !stop_nudge(s, runs_inside, sw, us, sw->stop_seconds))
			return blocked(&hit);
		us = us < NUDGE_MOST_US ? us * 2 : us;
	}
}

/* With all threads stopped. */
static struct error *write_sites(struct opened *o, struct switching *sw, struct stop *s,
				 struct stack_look *look, struct unwind *unwind, bool *wrote)
{
	TRY(clear_the_way(o, sw, s, look, unwind));
	TRY(check_sites(o, sw));
	*wrote = true;
	if (sw->gated)
		TRY(pass_gates(o, sw));
	vec_for_each(&sw->sites, site)
		TRY(memory_write(&o->memory, site->address, site->to, SITE_JUMP));
	return NULL;
}

static struct error *stop_and_write(struct opened *o, struct switching *sw, struct stop *s,
				    struct stack_look *look, struct unwind *unwind, bool *wrote)
{
	TRY(stop_seize(s));
	TRY(stack_look_open(o->query, &o->maps, s->threads.n, look));
	TRY(stop_all(s, sw->stop_seconds));
	sw->threads = s->threads.n;
	return write_sites(o, sw, s, look, unwind, wrote);
}

/* 'left': a thread did not stop, and is let go when ours ends. */
static struct error *once(struct opened *o, struct switching *sw, struct unwind *unwind,
			  bool *wrote, bool *left)
{
	struct stack_look look __cleanup_stack_look = STACK_LOOK_CLOSED;
	struct error *e;
	struct stop *s;

	TRY(process_stop(o, &s));
	stop_hurry(s);
	e = stop_and_write(o, sw, s, &look, unwind, wrote);
	sw->late = false;
	vec_for_each(&s->threads, t)
		sw->late |= !t->stopped;
	stop_release(s);
	*left |= s->left;
	sw->stops++;
	sw->total += s->took;
	sw->longest = s->took > sw->longest ? s->took : sw->longest;
	return e;
}

static void pause_for(unsigned int us)
{
	struct timespec t = { .tv_nsec = (long)us * 1000 };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

struct error *switch_run(struct opened *o, struct switching *sw, bool *wrote, bool *dirty)
{
	double until = clock_seconds() + sw->patience;
	struct unwind *unwind __cleanup_unwind = NULL;
	unsigned int pause = FIRST_PAUSE_US;

	merge_ranges(sw);
	TRY(copy_pages(o, sw));
	for (;;) {
		struct error *e = once(o, sw, unwind, wrote, dirty);

		if (!e || *wrote || *dirty || error_kind(e) != ERROR_PENDING ||
		    clock_seconds() > until)
			return e;
		error_free(&e);
		/* Somebody was in the way: now it is worth the time. Without it the scan decides.
		 */
		if (!unwind && sw->stops == TRIES_WITHOUT)
			e = unwind_open(o, &unwind);
		error_free(&e);
		/* One that was late has just come out of the kernel, and may not stay out. */
		if (sw->late)
			continue;
		pause_for(pause);
		pause = pause * 2 < LONGEST_PAUSE_US ? pause * 2 : LONGEST_PAUSE_US;
	}
}

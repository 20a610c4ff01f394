// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/calibrate.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <math.h>
#include <sys/personality.h>
#include <time.h>

#include "base/cleanup.h"
#include "probe/hooks.h"
#include "probe/latency.h"
#include "probe/live_symbols.h"

#define FUNCTION "__x64_sys_personality"
#define ONLY_ASK 0xffffffff
#define CALLS 2000
#define ROUNDS 10
/* Apart from the functions that are watched by this process. */
#define NUMBER 10000
/* Timed so rarely, none is. */
#define NEVER 1000000000

struct measured {
	double call;   /* nanoseconds of a call, as its caller sees it */
	double inside; /* what the probes say of it; NAN: nothing */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double call_all(void)
{
	double began = now();

	for (int i = 0; i < CALLS; i++)
		personality(ONLY_ASK);
	return (now() - began) / CALLS;
}

/* The least of some rounds: what else the processor does comes on top. */
static struct error *measure(struct latency *l, struct measured *out)
{
	struct latency_reading before, after;

	*out = (struct measured){ INFINITY, INFINITY };
	for (int i = 0; i < ROUNDS; i++) {
		double call, returns, mean;

		if (l)
			TRY(latency_read(l, &before));
		call = call_all();
		out->call = fmin(out->call, call);
		if (!l)
			continue;
		TRY(latency_read(l, &after));
		if (after.counts.entries - before.counts.entries < CALLS)
			return error_failed("the probes saw %llu of %d calls",
					    after.counts.entries - before.counts.entries, CALLS);
		returns = (double)(after.counts.returns - before.counts.returns);
		mean = (double)(after.counts.nanoseconds - before.counts.nanoseconds) / returns;
		if (returns > 0)
			out->inside = fmin(out->inside, mean);
	}
	return NULL;
}

static struct error *attach(enum latency_way way, struct latency **out)
{
	struct live_symbol q = { .object = "vmlinux", .name = FUNCTION };
	const struct latency_plan plan = { .way = way, .returned = LATENCY_RETURN_LONG };
	const struct latency_options options = { .number = NUMBER };
	struct hooks hooks;

	TRY(live_symbols_find(&q, 1));
	if (!q.address)
		return live_symbol_missing(&q);
	TRY(hooks_read(q.object, q.name, &hooks));
	if (hooks.livepatch)
		return error_failed("%s is patched", FUNCTION);
	return latency_attach(&(struct latency_function){ q.object, q.name, q.address }, &plan,
			      &options, out);
}

/* What the programs take of a call while statistics are kept, which costs some time of its own. */
static struct error *measure_programs(struct latency *l, double *out)
{
	int statistics __closefd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	double before, after;

	if (statistics < 0)
		return error_errno(errno, "asking for statistics of BPF programs");
	*out = INFINITY;
	for (int i = 0; i < ROUNDS; i++) {
		TRY(latency_programs(l, &before));
		call_all();
		TRY(latency_programs(l, &after));
		*out = fmin(*out, (after - before) / CALLS);
	}
	return NULL;
}

static struct error *try_out(enum latency_way way, struct probe_cost *out)
{
	struct latency *l __cleanup_latency = NULL;
	struct measured plain, timed, untimed;
	double programs = 0;

	TRY(measure(NULL, &plain));
	TRY(attach(way, &l));
	TRY(measure(l, &timed));
	TRY(measure_programs(l, &programs));
	latency_sample(l, NEVER);
	TRY(measure(l, &untimed));
	*out = (struct probe_cost){ .timed = timed.call - plain.call,
				    .untimed = fmax(untimed.call - plain.call, 0),
				    .inside = timed.inside,
				    .programs = programs };
	if (!(out->timed > 0) || !isfinite(out->inside))
		return error_failed("a call with probes took %.0f ns, one without %.0f ns",
				    timed.call, plain.call);
	return NULL;
}

struct error *calibrate(enum latency_way way, struct probe_cost *out)
{
	return error_context(try_out(way, out), "calibrating the probes");
}

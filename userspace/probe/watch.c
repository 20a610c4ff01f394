// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/watch.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "probe/calibrate.h"
#include "probe/hooks.h"
#include "probe/kprobe.h"
#include "probe/latency_btf.h"
#include "probe/live_symbols.h"

struct watched {
	struct watch_function f;
	uint64_t address;
	struct latency_facts facts;
	struct latency_plan plan;
	struct latency *latency;
};

struct watch {
	struct arena arena;
	struct btf *btf; /* of vmlinux; or NULL */
	struct watched *v;
	size_t n;
	unsigned int sample_every;
};

static struct error *copy(struct watch *w, const struct watch_function *f, struct watched *out)
{
	out->f =
		(struct watch_function){ arena_strdup(&w->arena, f->object),
					 arena_strdup(&w->arena, f->name), f->sympos, f->returned };
	return out->f.object && out->f.name ? NULL : error_nomem();
}

static struct error *find(struct watch *w)
{
	struct live_symbol *q __free = calloc(w->n, sizeof(*q));

	if (!q)
		return error_nomem();
	for (size_t i = 0; i < w->n; i++)
		q[i] = (struct live_symbol){ .object = w->v[i].f.object,
					     .name = w->v[i].f.name,
					     .sympos = w->v[i].f.sympos };
	TRY(live_symbols_find(q, w->n));
	for (size_t i = 0; i < w->n; i++) {
		if (!q[i].address)
			return live_symbol_missing(&q[i]);
		w->v[i].address = q[i].address;
		w->v[i].facts.namesakes = q[i].all;
	}
	return NULL;
}

static struct error *learn(struct watch *w, struct watched *of, bool only_kprobes)
{
	struct hooks hooks;

	TRY(hooks_read(of->f.object, of->f.name, &hooks));
	of->facts.patched = hooks.livepatch;
	of->facts.trampolines = !only_kprobes;
	of->facts.told = of->f.returned;
	TRY(latency_btf_facts(w->btf, of->f.object, of->f.name, &of->facts));
	of->plan = latency_plan(&of->facts);
	return NULL;
}

static struct error *attach(struct watched *of, unsigned int number, unsigned int sample_every)
{
	const struct latency_function f = { of->f.object, of->f.name, of->address };
	const struct latency_options options = { number, sample_every };
	struct error *e = latency_attach(&f, &of->plan, &options, &of->latency);

	if (!e || of->plan.way != LATENCY_BY_TRAMPOLINE || error_code(e) == ENOMEM)
		return e;
	log_debug("%s", error_message(e));
	error_free(&e);
	of->facts.trampolines = false;
	of->plan = latency_plan(&of->facts);
	return latency_attach(&f, &of->plan, &options, &of->latency);
}

struct error *watch_open(const struct watch_function *f, size_t n,
			 const struct watch_options *options, struct watch **out)
{
	struct watch *w __cleanup_watch = calloc(1, sizeof(*w));

	if (!w)
		return error_nomem();
	w->v = arena_array(&w->arena, n ? n : 1, sizeof(*w->v));
	if (!w->v)
		return error_nomem();
	w->n = n;
	w->sample_every = options->sample_every ? options->sample_every : 1;
	for (size_t i = 0; i < n; i++)
		TRY(copy(w, &f[i], &w->v[i]));
	TRY(find(w));
	TRY(kprobe_remove_stale());
	w->btf = btf__load_vmlinux_btf();
	for (size_t i = 0; i < n; i++)
		TRY(learn(w, &w->v[i], options->only_kprobes));
	for (size_t i = 0; i < n; i++)
		TRY(attach(&w->v[i], (unsigned int)i, options->sample_every));
	*out = take(w);
	return NULL;
}

size_t watch_size(const struct watch *w)
{
	return w->n;
}

const struct watch_function *watch_function_at(const struct watch *w, size_t i)
{
	return &w->v[i].f;
}

const struct latency_plan *watch_plan_at(const struct watch *w, size_t i)
{
	return &w->v[i].plan;
}

struct error *watch_read(struct watch *w, size_t i, struct latency_reading *out)
{
	return error_context(latency_read(w->v[i].latency, out), "reading the watch of %s",
			     w->v[i].f.name);
}

/* --- cost ------------------------------------------------------------------------------ */

struct error *watch_sampling(struct watch *w, struct watch_sampling *each)
{
	for (size_t i = 0; i < w->n; i++) {
		each[i] = (struct watch_sampling){ .sample_every = w->sample_every };
		TRY(latency_instructions(w->v[i].latency, &each[i].instructions));
	}
	return NULL;
}

/* Each way that is in use, once. */
static struct error *calibrate_ways(const struct watch *w, struct budget_function *f)
{
	struct probe_cost cost[LATENCY_WAYS] = { 0 };

	for (size_t i = 0; i < w->n; i++) {
		enum latency_way way = w->v[i].plan.way;

		if (!(cost[way].timed > 0))
			TRY(calibrate(way, &cost[way]));
		f[i].cost = cost[way];
	}
	return NULL;
}

/* What budget.h asks for. */
static void add_seen(struct latency_counts *to, const struct latency_counts *before,
		     const struct latency_counts *after)
{
	to->entries = after->entries - before->entries;
	to->taken = after->taken - before->taken;
	to->returns = after->returns - before->returns;
	to->nanoseconds = after->nanoseconds - before->nanoseconds;
}

/* Who calls them, and in which state of the caches, is not as it was in the loop. */
static struct error *add_where(const struct watch *w, double *before, struct budget_function *f)
{
	for (size_t i = 0; i < w->n; i++) {
		double after;

		TRY(latency_programs(w->v[i].latency, &after));
		if (f[i].counts.entries)
			f[i].cost = probe_cost_where(
				&f[i].cost, (after - before[i]) / (double)f[i].counts.entries);
	}
	return NULL;
}

/* What is seen from now on, for so long, and what that costs where it is. */
static struct error *try_for(struct watch *w, double *seconds, struct budget_function *f)
{
	struct latency_reading *before __free = calloc(w->n, sizeof(*before)), after;
	double *programs __free = calloc(w->n, sizeof(*programs));
	int statistics __closefd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	double began = clock_seconds();

	if (!before || !programs)
		return error_nomem();
	if (statistics < 0)
		return error_errno(errno, "asking for statistics of BPF programs");
	for (size_t i = 0; i < w->n; i++) {
		TRY(watch_read(w, i, &before[i]));
		TRY(latency_programs(w->v[i].latency, &programs[i]));
	}
	poll(NULL, 0, (int)(*seconds * 1000));
	for (size_t i = 0; i < w->n; i++) {
		TRY(watch_read(w, i, &after));
		add_seen(&f[i].counts, &before[i].counts, &after.counts);
	}
	*seconds = clock_seconds() - began;
	return add_where(w, programs, f);
}

struct error *watch_keep_budget(struct watch *w, double budget, double trial,
				struct watch_sampling *each)
{
	struct budget_function *f __free = calloc(w->n, sizeof(*f));
	unsigned int *every __free = calloc(w->n, sizeof(*every));

	if (!f || !every)
		return error_nomem();
	TRY(calibrate_ways(w, f));
	TRY(try_for(w, &trial, f));
	for (size_t i = 0; i < w->n; i++)
		each[i].cost = f[i].cost;
	if (!(budget > 0))
		return NULL;
	budget_plan(f, w->n, trial, budget, every);
	for (size_t i = 0; i < w->n; i++) {
		each[i].sample_every = every[i];
		latency_sample(w->v[i].latency, every[i]);
	}
	return NULL;
}

void watch_close(struct watch **at)
{
	struct watch *w = take(*at);

	if (!w)
		return;
	for (size_t i = 0; i < w->n; i++)
		latency_detach(&w->v[i].latency);
	btf__free(w->btf);
	arena_free(&w->arena);
	free(w);
}

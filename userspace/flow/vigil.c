// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/vigil.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/interrupt.h"
#include "base/str.h"
#include "flow/host_proof.h"
#include "flow/payload_returns.h"
#include "flow/vigil_state.h"
#include "flow/watch_batch.h"
#include "livepatch/live.h"

/* A machine that reads slowly has no more time than this many times what was asked for. */
#define PATIENCE 1.5
/* The proof costs time of its own: it is read at most for this share of the watch. */
#define PROOF_SHARE 0.25

/* --- the kernel as a source ----------------------------------------------------------- */

static struct error *kernel_next(void *self, double *time, struct health_reading *host,
				 struct latency_reading *each, uint32_t *hard)
{
	struct vigil *v = self;

	(void)hard;
	return watcher_next(v->watcher, time, host, &v->own_now, each);
}

/* The structure alone: probes that count would be on the path that is timed. */
static struct error *kernel_look(void *self, bool *lost)
{
	struct vigil *v = self;
	struct host_verdict is;

	TRY(host_proof_look(v->payload, &is, NULL));
	*lost = is.state == PROOF_LOST || is.state == PROOF_NOT_PATCHED;
	return NULL;
}

static void kernel_detach(void *self)
{
	struct vigil *v = self;

	watcher_end(&v->watcher);
}

/* --- begin ---------------------------------------------------------------------------- */

static struct error *list_targets(struct vigil *v)
{
	vec_for_each(&v->payload->functions, f)
		if (str_equal(f->object, "vmlinux") || live_module_present(f->object))
			TRY(vec_push(&v->functions,
				     (struct watch_function){ f->object, f->name, f->sympos }));
	v->targets = v->functions.n;
	return v->targets
		       ? NULL
		       : error_refused("nothing of the patch is loaded here: there is nothing to "
				       "watch");
}

static struct error *list_controls(struct vigil *v)
{
	for (size_t i = 0; i < v->wish.n_controls; i++) {
		const struct watch_function *c = &v->wish.controls[i];

		vec_for_each(&v->payload->functions, f)
			if (str_equal(f->name, c->name) && str_equal(f->object, c->object))
				return error_usage("--control %s: the patch changes it", c->name);
		TRY(vec_push(&v->functions, *c));
	}
	return NULL;
}

static struct error *allocate(struct vigil *v)
{
	const struct vigil_wish *w = &v->wish;
	struct judge_policy policy = watch_policy(&w->policy, w->interval, (unsigned int)v->targets,
						  watch_is_emulated());

	if (v->source.floor > 0)
		policy.latency_floor = v->source.floor;
	v->plans = v->ways.plans = calloc(v->functions.n, sizeof(*v->plans));
	v->ways.sampling = calloc(v->functions.n, sizeof(*v->ways.sampling));
	v->last = calloc(v->functions.n, sizeof(*v->last));
	v->now = calloc(v->functions.n, sizeof(*v->now));
	v->judges = calloc(v->targets, sizeof(struct judge *));
	v->calls = calloc(v->targets, sizeof(*v->calls));
	for (size_t i = 0; i < VIGIL_EDGES; i++) {
		v->edge[i] = calloc(v->functions.n, sizeof(*v->edge[i]));
		if (!v->edge[i])
			return error_nomem();
	}
	if (!v->plans || !v->ways.sampling || !v->last || !v->now || !v->judges || !v->calls)
		return error_nomem();
	for (size_t i = 0; i < v->targets; i++)
		TRY(judge_new(&policy, (unsigned int)w->n_controls, &v->judges[i]));
	return NULL;
}

static struct error *start_watcher(struct vigil *v)
{
	const struct watcher_wish wish = {
		.interval = v->wish.interval,
		.budget = v->wish.budget,
		.blind = watch_is_emulated() ? "the processor is emulated: its time means nothing"
					     : NULL,
		.own = &v->own,
		.targets = v->targets,
	};

	TRY(own_code_read(v->payload, &v->own));
	return watcher_start(v->functions.v, v->functions.n, &wish, &v->ways, &v->watcher);
}

struct error *vigil_begin(const struct bundle_payload *p, const struct vigil_wish *wish,
			  struct vigil **out)
{
	struct vigil *v __cleanup_vigil = calloc(1, sizeof(*v));

	if (!v)
		return error_nomem();
	v->payload = p;
	v->source = (struct vigil_source){
		.next = kernel_next, .look = kernel_look, .detach = kernel_detach, .self = v
	};
	v->wish = *wish;
	if (!(v->wish.budget > 0))
		v->wish.budget = BUDGET_USUAL;
	memcpy(v->check.command, wish->health_check, sizeof(v->check.command));
	TRY(list_targets(v));
	TRY(payload_returns(p, v->functions.v, v->targets));
	if (!v->wish.n_controls) {
		TRY(controls_choose(p, &v->chosen));
		v->wish.controls = v->chosen.v.v;
		v->wish.n_controls = v->chosen.v.n;
	}
	TRY(list_controls(v));
	TRY(allocate(v));
	TRY(start_watcher(v));
	*out = take(v);
	return NULL;
}

struct error *vigil_begin_on(const struct vigil_source *source, const struct watch_function *f,
			     const struct latency_plan *plans, size_t n,
			     const struct vigil_wish *wish, struct vigil **out)
{
	struct vigil *v __cleanup_vigil = calloc(1, sizeof(*v));

	if (!v)
		return error_nomem();
	v->source = *source;
	v->wish = *wish;
	memcpy(v->check.command, wish->health_check, sizeof(v->check.command));
	for (size_t i = 0; i < n; i++)
		TRY(vec_push(&v->functions, f[i]));
	v->targets = n;
	TRY(allocate(v));
	memcpy(v->plans, plans, n * sizeof(*plans));
	for (size_t i = 0; i < n; i++)
		v->ways.sampling[i] =
			(struct watch_sampling){ .cost = source->cost, .sample_every = 1 };
	if (!(source->cost.timed > 0))
		snprintf(v->ways.unknown, sizeof(v->ways.unknown), "it could not be measured");
	*out = take(v);
	return NULL;
}

struct error *vigil_controls(const struct vigil *v, struct strbuf *out)
{
	for (size_t i = v->targets; i < v->functions.n; i++)
		TRY(strbuf_printf(out, "%s%s()", i > v->targets ? ", " : "",
				  v->functions.v[i].name));
	return v->functions.n > v->targets ? NULL
					   : strbuf_puts(out, "nothing: no control is known");
}

const char *vigil_blind(const struct vigil *v)
{
	return v->own_last.leak.why;
}

void vigil_detach(struct vigil *v)
{
	if (v->source.detach)
		v->source.detach(v->source.self);
}

void vigil_end(struct vigil **at)
{
	struct vigil *v = take(*at);

	if (!v)
		return;
	vigil_detach(v);
	for (size_t i = 0; i < VIGIL_EDGES; i++)
		free(v->edge[i]);
	vec_free(&v->points);
	for (size_t i = 0; v->judges && i < v->targets; i++)
		judge_free(&v->judges[i]);
	free(v->judges);
	free(v->calls);
	free(v->plans);
	free(v->ways.sampling);
	free(v->last);
	free(v->now);
	vec_free(&v->functions);
	vec_free(&v->chosen.v);
	own_code_free(&v->own);
	free(v);
}

/* --- readings ------------------------------------------------------------------------- */

static struct latency_counts difference(const struct vigil *v, size_t i)
{
	return watch_difference(&v->last[i].counts, &v->now[i].counts);
}

/* What all targets are compared with, and what befell the host. */
static void common(const struct vigil *v, const struct health_reading *host, struct histogram *h,
		   struct batch *b)
{
	bool usual = v->own_edge[EDGE_BEFORE].blame.counts.old_crashes > 0;

	memset(h, 0, JUDGE_CONTROLS * sizeof(*h));
	for (size_t i = v->targets; i < v->functions.n; i++) {
		struct latency_counts d = difference(v, i);

		watch_batch_control(b, &h[i - v->targets], &d, v->plans[i].returned);
	}
	b->control = h;
	watch_batch_host(b, &v->host_last, host);
	watch_batch_own(b, &v->own_last, &v->own_now, usual);
}

static uint64_t errors_of(const struct batch *b)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < RETURN_CLASSES; i++)
		if (i == RETURN_NULL || i >= RETURN_NEGATIVE)
			n += b->returns[i];
	return n;
}

/* Of all calls, from those of one in so many; for the chart only, the judge takes what was seen. */
static uint64_t of_all_calls(const struct vigil *v, size_t i, const struct latency_counts *d,
			     uint64_t n)
{
	if (v->ways.sampling[i].sample_every <= 1 || !d->returns)
		return n;
	return (uint64_t)llround((double)n * (double)d->entries / (double)d->returns);
}

static struct error *keep_point(struct vigil *v, bool since, const struct batch *b,
				const struct histogram *controls, uint64_t errors)
{
	struct vigil_point p = { .time = b->time,
				 .since = since,
				 .errors = errors,
				 .p50 = histogram_quantile(&b->latency, 0.5),
				 .p99 = histogram_quantile(&b->latency, 0.99),
				 .control_p50 = histogram_quantile(controls, 0.5) };

	for (size_t i = 0; i < v->targets; i++)
		p.calls += difference(v, i).entries;
	p.crashes = b->signal[1];
	p.retransmits = b->signal[3];
	return vec_push(&v->points, p);
}

/* Of all targets and all controls together: for the chart only. */
static struct error *chart(struct vigil *v, bool since, const struct batch *shared)
{
	struct batch *sum __free = malloc(sizeof(*sum));
	struct histogram *controls __free = calloc(1, sizeof(*controls));
	uint64_t errors = 0;

	if (!sum || !controls)
		return error_nomem();
	*sum = *shared;
	for (size_t i = 0; i < v->targets; i++) {
		struct latency_counts d = difference(v, i);
		uint64_t before = errors_of(sum);

		watch_batch_target(sum, &d, v->plans[i].returned);
		errors += of_all_calls(v, i, &d, errors_of(sum) - before);
	}
	for (size_t i = 0; i < v->wish.n_controls; i++)
		histogram_merge(controls, &shared->control[i]);
	return keep_point(v, since, sum, controls, errors);
}

static void keep_edge(struct vigil *v, enum vigil_edge edge, double time,
		      const struct health_reading *host)
{
	memcpy(v->edge[edge], v->now, v->functions.n * sizeof(*v->now));
	v->host_edge[edge] = *host;
	v->own_edge[edge] = v->own_now;
	v->edge_time[edge] = time;
}

static void judge_all(struct vigil *v, bool since, const struct batch *shared)
{
	for (size_t i = 0; i < v->targets; i++) {
		struct latency_counts d = difference(v, i);
		struct batch b = *shared;

		watch_batch_target(&b, &d, v->plans[i].returned);
		v->calls[i] += (double)d.entries;
		judge_second(v->judges[i], since, &b);
	}
}

/* The next reading becomes a batch, but the first and, with 'skip', this one. */
static struct error *step(struct vigil *v, bool since, bool skip, uint32_t hard)
{
	struct batch *b __free = calloc(1, sizeof(*b));
	struct histogram *h __free = calloc(JUDGE_CONTROLS, sizeof(*h));
	struct health_reading host;

	if (!b || !h)
		return error_nomem();
	b->hard = hard;
	TRY(v->source.next(v->source.self, &b->time, &host, v->now, &b->hard));
	if (v->begun && !skip) {
		common(v, &host, h, b);
		judge_all(v, since, b);
		TRY(chart(v, since, b));
	}
	if (skip)
		keep_edge(v, since ? EDGE_LIVE : EDGE_BEGUN, b->time, &host);
	keep_edge(v, since ? EDGE_ENDED : EDGE_BEFORE, b->time, &host);
	memcpy(v->last, v->now, v->functions.n * sizeof(*v->now));
	v->host_last = host;
	v->own_last = v->own_now;
	v->begun = true;
	return NULL;
}

static unsigned int batches(double seconds, double interval)
{
	return (unsigned int)ceil(seconds / interval);
}

/* Who is ill before can't be told from who gets ill. */
static struct error *check_before(struct vigil *v)
{
	bool well;

	TRY(service_check_run(&v->check, &well));
	return well ? NULL
		    : error_refused("the health check fails before the patch: %s", v->check.why);
}

struct error *vigil_baseline(struct vigil *v)
{
	unsigned int n = batches(v->wish.baseline, v->wish.interval);

	TRY(step(v, false, true, 0));
	for (unsigned int i = 0; i < n; i++) {
		TRY(check_before(v));
		TRY_CONTEXT(step(v, false, false, 0), "taking the baseline");
	}
	return NULL;
}

/* --- verdict -------------------------------------------------------------------------- */

size_t vigil_worst(const struct judge_verdict *v, const double *calls, size_t n, size_t *idle)
{
	size_t worst = n;

	*idle = 0;
	for (size_t i = 0; i < n; i++) {
		bool called = calls[i] > 0;

		*idle += !called;
		/* Of those that nobody calls only what is worse than ignorance counts. */
		if (!called && v[i].word <= JUDGE_INCONCLUSIVE)
			continue;
		if (worst == n || v[i].word > v[worst].word)
			worst = i;
	}
	return worst == n ? 0 : worst;
}

/* What the judge can't know: who it was. */
static void name_cause(const struct vigil *v, struct judge_verdict *is)
{
	const struct blame_victim *victim = &v->own_last.blame.counts.victim;
	const struct judge_finding *signals = &is->finding[METRIC_SIGNALS];
	char said[sizeof(is->reason)];

	if (is->hard == HARD_CHECK) {
		snprintf(is->reason, sizeof(is->reason), "%s: %.100s", hard_name(HARD_CHECK),
			 v->check.why);
	} else if (is->hard == HARD_CRASH && victim->pid) {
		snprintf(is->reason, sizeof(is->reason),
			 "a crash in the new code: it ended %.15s (%d) by SIG%s", victim->comm,
			 victim->pid, sigabbrev_np(victim->signal));
	} else if (is->metric == METRIC_SIGNALS && is->word > JUDGE_INCONCLUSIVE) {
		snprintf(said, sizeof(said), "%s", is->reason + strlen(signals->metric));
		snprintf(is->reason, sizeof(is->reason), "%s%.100s",
			 watch_batch_signal_words(signals->part), said);
	}
}

static struct error *look(const struct vigil *v, double started, struct vigil_verdict *out)
{
	struct judge_verdict *each __free = calloc(v->targets, sizeof(*each));
	size_t worst;

	if (!each)
		return error_nomem();
	for (size_t i = 0; i < v->targets; i++)
		judge_verdict(v->judges[i], &each[i]);
	worst = vigil_worst(each, v->calls, v->targets, &out->idle);
	out->judge = each[worst];
	name_cause(v, &out->judge);
	out->judge.seconds_more *= v->wish.interval;
	out->function = v->functions.v[worst].name;
	out->at = clock_seconds();
	out->seconds = out->at - started;
	return NULL;
}

/* Nobody can say that it is well. */
static void cannot_tell(struct vigil_verdict *out, const char *why)
{
	out->judge.word = JUDGE_INCONCLUSIVE;
	out->judge.seconds_more = INFINITY;
	snprintf(out->judge.reason, sizeof(out->judge.reason), "%s", why);
}

static struct error *read_proof(struct vigil *v, uint32_t *hard)
{
	double began = clock_seconds();
	bool lost = false;

	if (began < v->proof_due)
		return NULL;
	TRY_CONTEXT(v->source.look(v->source.self, &lost), "reading the proof");
	v->proof_due = clock_seconds() + (clock_seconds() - began) / PROOF_SHARE;
	if (lost)
		*hard |= 1u << HARD_REDIRECT_LOST;
	return NULL;
}

static struct error *check_service(struct vigil *v, uint32_t *hard)
{
	bool well;

	TRY(service_check_run(&v->check, &well));
	if (!well)
		*hard |= 1u << HARD_CHECK;
	return NULL;
}

static struct error *watch(struct vigil *v, struct vigil_verdict *out)
{
	unsigned int n = batches(v->wish.watch, v->wish.interval);
	double began = clock_seconds();

	/* What lies between the baseline and here is of neither side, and waits in the socket. */
	do
		TRY(step(v, true, true, 0));
	while (v->edge_time[EDGE_LIVE] < began);
	for (unsigned int i = 0; i < n && clock_seconds() - began < v->wish.watch * PATIENCE; i++) {
		uint32_t hard = 0;

		TRY(read_proof(v, &hard));
		TRY(check_service(v, &hard));
		TRY(step(v, true, false, hard));
		TRY(look(v, began, out));
		if (out->judge.word != JUDGE_INCONCLUSIVE)
			return NULL;
	}
	return NULL;
}

struct error *vigil_watch(struct vigil *v, struct vigil_verdict *out)
{
	struct error *e __cleanup_error = NULL;

	*out = (struct vigil_verdict){ .function = v->functions.v[0].name };
	cannot_tell(out, "nothing was seen");
	e = watch(v, out);
	if (!e)
		return NULL;
	if (error_kind(e) == ERROR_INTERRUPTED || interrupted())
		return take(e);
	cannot_tell(out, error_message(e));
	return NULL;
}

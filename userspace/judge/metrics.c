// SPDX-License-Identifier: GPL-2.0-or-later
/* Each metric's finding, from what was seen and the policy. */
#include <math.h>

#include "base/cleanup.h"
#include "judge/state.h"

/* Without a control harm is not called before: what is over by then was not the patch. */
#define ALONE 60
/* Of leaks neither; the sequence is narrowest here. */
#define LEAK_LEAST 30
#define LEAK_BEST 60.0

static const double shares[JUDGE_METRICS] = {
	[METRIC_LATENCY] = 0.35, [METRIC_TAIL] = 0.1, [METRIC_ERRORS] = 0.35,
	[METRIC_SIGNALS] = 0.1,	 [METRIC_LEAK] = 0.1,
};

double judge_share(const struct judge *j, enum judge_metric m)
{
	return j->policy.alpha * shares[m];
}

static struct judge_finding shifted(const struct judge *j, const struct shift *s,
				    enum judge_metric m, const char *name, struct margin margin,
				    double own)
{
	unsigned int n = s->difference[1].n;
	double each = n ? (double)j->seconds[1] / n : 1, drift = j->policy.drift;
	struct shift_terms t = { .metric = name,
				 .margin = margin,
				 .alpha = judge_share(j, m),
				 .seconds_per_batch = each,
				 .own = own,
				 .least = j->controls ? 5 : ALONE };

	t.drift = (j->controls ? j->policy.drift_beside : drift) * each / 60;
	return shift_finding(s, &t);
}

struct judge_finding judge_latency(const struct judge *j)
{
	double typical = exp(histogram_mean_log(&j->before[0]));

	return shifted(j, &j->latency, METRIC_LATENCY, "latency", j->policy.latency,
		       log1p(j->policy.latency_floor / fmax(typical, 1)));
}

/* Nothing is said of what nobody could see. */
static struct judge_finding not_judged(const char *metric, const char *why)
{
	return (struct judge_finding){ .metric = metric,
				       .standing = STANDING_EQUAL,
				       .effect = 1,
				       .interval = { 0, INFINITY },
				       .smallest = INFINITY,
				       .seconds_more = INFINITY,
				       .why = why };
}

/* A share of slow calls moves several times as far as load does: only beside controls. */
struct judge_finding judge_tail(const struct judge *j)
{
	if (j->controls)
		return shifted(j, &j->tail, METRIC_TAIL, "slow calls", j->policy.tail, 0);
	return not_judged("slow calls", "not judged without a control");
}

/* ln of w e^a + (1 - w) e^b */
static double log_mean(double w, double a, double b)
{
	double most = fmax(a, b);

	if (isinf(most))
		return most;
	return most + log(w * exp(a - most) + (1 - w) * exp(b - most));
}

/*
 * The mean of e-values is one, however they depend on each other. A class without an event has
 * one of at most 1 and is counted as 0.
 */
static double log_mean_of(const struct counts *c, unsigned int n, double factor, double floor,
			  double alpha)
{
	double sum = -INFINITY;

	for (unsigned int i = 0; i < n; i++)
		if (c[i].events[1] > 0)
			sum = log_mean(0.5, sum,
				       counts_log_evidence(&c[i], factor, floor, alpha / n)) +
			      log(2);
	return sum - log(n);
}

static double error_evidence(const struct judge *j, double factor, double alpha)
{
	const struct counts *control = &j->control_errors;
	double floor = j->policy.error_floor;

	/*
	 * What hits the controls may hit the target 1.5 times as hard. Of controls a weaker proof
	 * is enough: it comes before that of the target does.
	 */
	if (counts_log_evidence(control, 1, 0, 0.05) >= log(20))
		factor *= pow(counts_moved(control), 1.5);
	return log_mean(0.5, counts_log_evidence(&j->errors, factor, floor, alpha / 2),
			log_mean_of(j->class, RETURN_CLASSES, factor, floor, alpha / 2));
}

static double seconds_of(const struct counts *c, double alpha, const struct margin *m, double floor)
{
	double grown = 1, seconds = c->rate[1].n, by = counts_dispersion(c);
	struct counts later = { .events = { c->events[0] / by },
				.exposure = { c->exposure[0] / by } };

	/* As if the watch went on as it has; the baseline is what it is. */
	while (seconds * grown < 86400) {
		grown *= 1.5;
		later.events[1] = c->events[1] / by * grown;
		later.exposure[1] = c->exposure[1] / by * grown;
		if (counts_ratio(&later, alpha).high < m->equal ||
		    counts_most_added(&later, alpha) < floor)
			return seconds * (grown - 1);
	}
	return INFINITY;
}

static struct judge_finding counted(const struct counts *c, const char *name,
				    const struct margin *m, double alpha, double floor)
{
	struct judge_finding f = { .metric = name, .standing = STANDING_OPEN, .effect = 1 };
	bool seen = c->exposure[0] > 0 && c->exposure[1] > 0;
	double by = counts_dispersion(c);

	f.interval = counts_ratio(c, alpha);
	f.seconds_more = f.smallest = INFINITY;
	if (!seen) {
		f.why = c->exposure[0] > 0 ? "no calls since the patch"
					   : "no calls before the patch";
		return f;
	}
	if (c->events[0] > 0)
		f.effect = c->events[1] / c->exposure[1] / (c->events[0] / c->exposure[0]);
	else if (c->events[1] > 0)
		f.effect = INFINITY;
	/* The baseline's bound and the watch's own width, around no effect. */
	f.smallest =
		m->harm * (1 + 4 * sqrt(by / fmax(c->events[0], 1)) +
			   4 * sqrt(by / fmax(c->events[0] * c->exposure[1] / c->exposure[0], 1)));
	if (f.interval.high < m->equal || counts_most_added(c, alpha) < floor) {
		f.standing = STANDING_EQUAL;
		f.seconds_more = 0;
	} else {
		f.seconds_more = seconds_of(c, alpha, m, floor);
		f.why = "too few events to tell";
	}
	return f;
}

static void decide(struct judge_finding *f, bool worse, bool failed)
{
	if (!worse && !failed)
		return;
	f->standing = failed ? STANDING_FAILED : STANDING_WORSE;
	f->seconds_more = 0;
	f->why = NULL;
}

struct judge_finding judge_errors(const struct judge *j)
{
	double alpha = judge_share(j, METRIC_ERRORS), bar = -log(alpha / 2);
	const struct margin *m = &j->policy.errors;
	struct judge_finding f;

	if (!j->has_returns)
		return not_judged("errors", "what calls return is not known");
	/* A share of 1 in 1000 calls more is equal, where hardly any call fails. */
	f = counted(&j->errors, "errors", m, alpha, 10 * j->policy.error_floor);
	if (f.standing != STANDING_OPEN || j->errors.exposure[1] > 0)
		decide(&f, error_evidence(j, m->harm, alpha / 2) >= bar,
		       error_evidence(j, m->fail, alpha / 2) >= bar);
	return f;
}

struct judge_finding judge_signals(const struct judge *j)
{
	double alpha = judge_share(j, METRIC_SIGNALS), bar = -log(alpha / 2);
	const struct margin *m = &j->policy.signals;
	double floor = j->policy.signal_floor, each = alpha / JUDGE_SIGNALS;
	struct judge_finding f, worst = { .metric = "host signals" };
	double evidence, most = -INFINITY;
	unsigned int speaks = 0;
	bool quiet = false;

	if (!j->has_signals)
		return not_judged("host signals", "nobody counts them here");
	for (unsigned int i = 0; i < JUDGE_SIGNALS; i++) {
		/* Those that never came are all alike: one look is enough. */
		if (j->signal[i].events[0] + j->signal[i].events[1] <= 0) {
			if (quiet)
				continue;
			quiet = true;
		}
		f = counted(&j->signal[i], "host signals", m, each, 20 * floor);
		if (!i || f.standing > worst.standing)
			worst = f;
		evidence = counts_log_evidence(&j->signal[i], m->harm, floor, each);
		if (j->signal[i].events[1] > 0 && evidence > most) {
			most = evidence;
			speaks = i;
		}
	}
	decide(&worst, log_mean_of(j->signal, JUDGE_SIGNALS, m->harm, floor, alpha / 2) >= bar,
	       log_mean_of(j->signal, JUDGE_SIGNALS, m->fail, floor, alpha / 2) >= bar);
	/* What is told is the one that speaks loudest. */
	if (worst.standing >= STANDING_WORSE) {
		f = counted(&j->signal[speaks], "host signals", m, each, 20 * floor);
		worst.effect = f.effect;
		worst.interval = f.interval;
		worst.part = speaks;
	}
	return worst;
}

/*
 * Levels wander, and what leaks call by call adds up to a path that looks like wandering. What it
 * grows by from one batch to the next does not: where nothing leaks it is 0 in the mean, for what
 * was taken is given back.
 */
struct judge_finding judge_leak(const struct judge *j)
{
	const struct series *before = &j->leak[0], *since = &j->leak[1];
	double least = j->policy.leak, alpha = judge_share(j, METRIC_LEAK);
	double was = fmax(series_mean(before), 0), grows = series_mean(since) - was;
	double long_run = series_long_run(before, since);
	double radius = fixed_radius(before->n, long_run, alpha / 2) +
			sequence_radius(since->n, long_run, alpha / 2, LEAK_BEST);
	struct judge_finding f = { .metric = "leak",
				   .standing = STANDING_EQUAL,
				   .effect = grows,
				   .interval = { grows - radius, grows + radius },
				   .smallest = least + radius };

	if (!since->n) {
		f.why = "nobody counted what the new code holds";
		return f;
	}
	if (grows < least)
		return f;
	f.standing = STANDING_OPEN;
	f.seconds_more = j->seconds[1];
	f.why = "bytes grow, not yet long enough to be sure";
	/* What is set up once is over after a while; what leaks goes on. */
	if (since->n < LEAK_LEAST || f.interval.low < least || series_recent(since) - was < least)
		return f;
	f.standing = STANDING_WORSE;
	f.seconds_more = 0;
	f.why = NULL;
	return f;
}

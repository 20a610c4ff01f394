// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The difference to controls, before and since: an interval for its change, from a fixed look
 * at the baseline and a confidence sequence on the watch.
 */
#include "judge/shift.h"

#include <math.h>

#define LEAST_BASELINE 10
/* The sequence is narrowest here: when a verdict should be near. */
#define BEST 25.0
#define HORIZON 86400.0

void shift_add(struct shift *s, bool since, double target, double control)
{
	if (!isfinite(target) || (s->controlled && !isfinite(control)))
		return;
	series_add(&s->difference[since], s->controlled ? target - control : target);
	if (s->controlled)
		series_add(&s->control[since], control);
}

/* The slope within both windows, where it is more than noise. A step at the patch has none. */
static double trend(const struct shift *s, double long_run)
{
	double error[2], slope[2], weight[2], pooled;

	for (int i = 0; i < 2; i++) {
		slope[i] = series_slope(&s->difference[i], long_run, &error[i]);
		weight[i] = error[i] > 0 ? 1 / (error[i] * error[i]) : 0;
	}
	if (!(weight[0] + weight[1] > 0))
		return 0;
	pooled = fabs(slope[0] * weight[0] + slope[1] * weight[1]) / (weight[0] + weight[1]);
	return pooled > 2 / sqrt(weight[0] + weight[1]) ? pooled : 0;
}

/* What moved for other reasons: load, which may move the target 1.5 times as far as controls;
 * drift. */
static double excused(const struct shift *s, const struct shift_terms *t, double long_run)
{
	double apart = (s->difference[0].n + s->difference[1].n) / 2.0, rate = t->drift;

	if (s->controlled)
		return fabs(series_mean(&s->control[1]) - series_mean(&s->control[0])) / 2 +
		       rate * apart;
	return fmax(rate, trend(s, long_run)) * apart;
}

static double seconds_until(double need, double fixed, double n, double long_run,
			    const struct shift_terms *t)
{
	for (double more = 1; more * t->seconds_per_batch < HORIZON; more *= 1.1)
		if (fixed + sequence_radius(n + more, long_run, t->alpha / 2, BEST) < need)
			return more * t->seconds_per_batch;
	return INFINITY;
}

struct judge_finding shift_finding(const struct shift *s, const struct shift_terms *t)
{
	const struct series *before = &s->difference[0], *since = &s->difference[1];
	struct judge_finding f = { .metric = t->metric,
				   .standing = STANDING_OPEN,
				   .effect = 1,
				   .interval = { 0, INFINITY },
				   .smallest = INFINITY,
				   .seconds_more = INFINITY };
	double long_run, fixed, radius, change, allowed;

	if (before->n < LEAST_BASELINE) {
		f.why = "too few calls before the patch";
		return f;
	}
	if (since->n < 3) {
		f.why = "too few calls since the patch";
		return f;
	}
	long_run = series_long_run(before, since) + 1e-6; /* no clock is better than 0.1 % */
	fixed = fixed_radius(before->n, long_run, t->alpha / 2);
	radius = fixed + sequence_radius(since->n, long_run, t->alpha / 2, BEST);
	change = series_mean(since) - series_mean(before);
	allowed = excused(s, t, long_run);
	f.standing =
		standing_of((struct interval){ change - t->own - radius, change - t->own + radius },
			    &t->margin, allowed);
	allowed += t->own;
	f.effect = exp(change);
	f.interval = (struct interval){ exp(change - radius), exp(change + radius) };
	f.smallest = exp(log(t->margin.harm) + allowed + radius);
	/* Both a long and a short window must say so: what is over is no harm of the patch. */
	if (f.standing >= STANDING_WORSE &&
	    (since->n < t->least ||
	     series_recent(since) - series_mean(before) < log(t->margin.harm) + allowed)) {
		f.standing = STANDING_OPEN;
		f.why = since->n < t->least ? "no control tells the patch from the load"
					    : "it was worse and is not any more";
	}
	if (f.standing != STANDING_OPEN)
		f.seconds_more = 0;
	else
		f.seconds_more = seconds_until(log(t->margin.equal) - fmax(change - t->own, 0),
					       fixed, since->n, long_run, t);
	if (f.standing == STANDING_OPEN && !f.why)
		f.why = allowed > log(t->margin.harm) && change - radius > log(t->margin.harm)
				? "the load moved as well"
				: "the interval is still too wide";
	return f;
}

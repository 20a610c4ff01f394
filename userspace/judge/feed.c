// SPDX-License-Identifier: GPL-2.0-or-later
/* One second into series and counts. */
#include <math.h>
#include <string.h>

#include "judge/state.h"

/* So many calls make one value: fewer, and a mean of logarithms is all noise. */
#define ENOUGH 20
/* Batches of the baseline that say what a slow call is; and which share of calls is slow. */
#define CHOOSING 10
#define SLOW 0.95

static bool enough(const struct judge *j)
{
	for (unsigned int i = 0; i <= j->controls; i++)
		if (histogram_total(&j->waiting[i]) < ENOUGH)
			return false;
	return true;
}

static double log_share(const struct histogram *of, unsigned int slow)
{
	return log((histogram_above(of, slow) + 0.5) / (histogram_total(of) + 1));
}

/* The bucket of what takes so much longer than the least of this one. */
static unsigned int later_by(unsigned int bucket, double more)
{
	double value = histogram_floor(bucket) + more;

	return more > 0 && value < 0x1p63 ? histogram_bucket((uint64_t)value) : bucket;
}

static void feed_tail(struct judge *j, bool since)
{
	double controls = 0;

	if (!since && j->chosen < CHOOSING) {
		for (unsigned int i = 0; i <= j->controls; i++)
			histogram_merge(&j->before[i], &j->waiting[i]);
		if (++j->chosen == CHOOSING)
			for (unsigned int i = 0; i <= j->controls; i++)
				j->slow[i] = histogram_quantile_bucket(&j->before[i], SLOW);
		j->slow_since = later_by(j->slow[0], j->policy.latency_floor);
		return;
	}
	for (unsigned int i = 1; i <= j->controls; i++)
		controls += log_share(&j->waiting[i], j->slow[i]) / j->controls;
	shift_add(&j->tail, since, log_share(&j->waiting[0], since ? j->slow_since : j->slow[0]),
		  controls);
}

void judge_feed_latency(struct judge *j, bool since, const struct batch *b)
{
	double controls = 0;

	histogram_merge(&j->waiting[0], &b->latency);
	for (unsigned int i = 0; i < j->controls; i++)
		histogram_merge(&j->waiting[1 + i], &b->control[i]);
	if (!enough(j))
		return;
	for (unsigned int i = 1; i <= j->controls; i++)
		controls += histogram_mean_log(&j->waiting[i]) / j->controls;
	shift_add(&j->latency, since, histogram_mean_log(&j->waiting[0]), controls);
	feed_tail(j, since);
	memset(j->waiting, 0, sizeof(j->waiting));
}

static bool is_error(unsigned int class)
{
	return class == RETURN_NULL || class >= RETURN_NEGATIVE;
}

static void feed_leak(struct judge *j, bool since, const struct batch *b)
{
	bool known = b->has_leak && isfinite(b->leak);

	if (known && j->leak_known)
		series_add(&j->leak[since], (b->leak - j->leak_level) / (b->time - j->leak_time));
	j->leak_known = known;
	j->leak_time = b->time;
	j->leak_level = b->leak;
}

void judge_feed_counts(struct judge *j, bool since, const struct batch *b)
{
	double calls = 0, errors = 0;

	j->has_returns |= !b->no_returns;
	j->has_signals |= !b->no_signals;
	for (unsigned int i = 0; i < RETURN_CLASSES; i++) {
		calls += b->returns[i];
		if (is_error(i))
			errors += b->returns[i];
	}
	j->calls[since] += calls;
	counts_add(&j->errors, since, errors, calls);
	for (unsigned int i = 0; i < RETURN_CLASSES; i++)
		if (is_error(i))
			counts_add(&j->class[i], since, b -> returns[i], calls);
	counts_add(&j->control_errors, since, b->control_errors, b->control_calls);
	for (unsigned int i = 0; i < JUDGE_SIGNALS; i++)
		counts_add(&j->signal[i], since, b->signal[i], 1);
	feed_leak(j, since, b);
}

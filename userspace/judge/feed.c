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

static bool enough(const struct health *h)
{
	for (unsigned int i = 0; i <= h->controls; i++)
		if (histogram_total(&h->waiting[i]) < ENOUGH)
			return false;
	return true;
}

static double log_share(const struct histogram *of, unsigned int slow)
{
	return log((histogram_above(of, slow) + 0.5) / (histogram_total(of) + 1));
}

static void feed_tail(struct health *h, bool since)
{
	double controls = 0;

	if (!since && h->chosen < CHOOSING) {
		for (unsigned int i = 0; i <= h->controls; i++)
			histogram_merge(&h->before[i], &h->waiting[i]);
		if (++h->chosen == CHOOSING)
			for (unsigned int i = 0; i <= h->controls; i++)
				h->slow[i] = histogram_quantile_bucket(&h->before[i], SLOW);
		return;
	}
	for (unsigned int i = 1; i <= h->controls; i++)
		controls += log_share(&h->waiting[i], h->slow[i]) / h->controls;
	shift_add(&h->tail, since, log_share(&h->waiting[0], h->slow[0]), controls);
}

void health_feed_latency(struct health *h, bool since, const struct batch *b)
{
	double controls = 0;

	histogram_merge(&h->waiting[0], &b->latency);
	for (unsigned int i = 0; i < h->controls; i++)
		histogram_merge(&h->waiting[1 + i], &b->control[i]);
	if (!enough(h))
		return;
	for (unsigned int i = 1; i <= h->controls; i++)
		controls += histogram_mean_log(&h->waiting[i]) / h->controls;
	shift_add(&h->latency, since, histogram_mean_log(&h->waiting[0]), controls);
	feed_tail(h, since);
	memset(h->waiting, 0, sizeof(h->waiting));
}

static bool is_error(unsigned int class)
{
	return class == RETURN_NULL || class >= RETURN_NEGATIVE;
}

static void feed_leak(struct health *h, bool since, const struct batch *b)
{
	if (b->has_leak)
		levels_add(&h->leak[since], b->time, b->leak);
}

void health_feed_counts(struct health *h, bool since, const struct batch *b)
{
	double calls = 0, errors = 0;

	for (unsigned int i = 0; i < RETURN_CLASSES; i++) {
		calls += b->returns[i];
		if (is_error(i))
			errors += b->returns[i];
	}
	h->calls[since] += calls;
	counts_add(&h->errors, since, errors, calls);
	for (unsigned int i = 0; i < RETURN_CLASSES; i++)
		if (is_error(i))
			counts_add(&h->class[i], since, b -> returns[i], calls);
	counts_add(&h->control_errors, since, b->control_errors, b->control_calls);
	for (unsigned int i = 0; i < HEALTH_SIGNALS; i++)
		counts_add(&h->signal[i], since, b->signal[i], 1);
	feed_leak(h, since, b);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/budget.h"

#include <math.h>

/* A function that takes no time can't be told from the probes'. */
#define LEAST_OWN 1.0 /* nanoseconds */
/* Where the budget can't be kept: what taking times may cost beside counting. */
#define TENTH 0.1
#define EVERY_MOST 1000000.0

struct probe_cost probe_cost_where(const struct probe_cost *loop, double programs)
{
	double more = programs > loop->programs ? programs - loop->programs : 0;
	struct probe_cost there = *loop;

	there.timed += more;
	there.untimed += more;
	there.programs += more;
	return there;
}

/* Nanoseconds of a call without its probes, on average; NAN: none was seen to end. */
static double own_time(const struct budget_function *f)
{
	double mean = (double)f->counts.nanoseconds / (double)f->counts.returns;

	return f->counts.returns ? fmax(mean - f->cost.inside, LEAST_OWN) : NAN;
}

struct budget_sum budget_sum(const struct budget_function *f, size_t n)
{
	struct budget_sum sum = { 0 };

	for (size_t i = 0; i < n; i++) {
		const struct latency_counts *c = &f[i].counts;
		double mean = own_time(&f[i]);

		if (!(f[i].cost.timed > 0))
			return (struct budget_sum){ 0 };
		if (isnan(mean))
			continue;
		sum.calls += (double)c->entries;
		sum.own += mean * (double)c->entries;
		sum.probes += f[i].cost.timed * (double)c->taken +
			      f[i].cost.untimed * (double)(c->entries - c->taken);
	}
	return sum;
}

double budget_share(const struct budget_function *f, size_t n)
{
	struct budget_sum sum = budget_sum(f, n);

	return sum.own > 0 ? sum.probes / sum.own : NAN;
}

/* The least N so that a call costs no more than 'most' nanoseconds on average. */
static double rarely_enough(const struct probe_cost *cost, double most)
{
	double spare = most - cost->untimed, more = cost->timed - cost->untimed;

	if (more <= 0 || cost->timed <= most)
		return 1;
	return ceil(more / fmax(spare, cost->untimed * TENTH));
}

void budget_plan(const struct budget_function *f, size_t n, double seconds, double budget,
		 unsigned int *every)
{
	double share = budget_share(f, n);

	for (size_t i = 0; i < n; i++) {
		double own = own_time(&f[i]), wanted, most;

		every[i] = 1;
		if (isnan(share) || share <= budget || isnan(own))
			continue;
		wanted = rarely_enough(&f[i].cost, own * budget);
		most = floor((double)f[i].counts.entries / seconds / BUDGET_TIMED);
		every[i] = (unsigned int)fmax(1, fmin(fmin(wanted, most), EVERY_MOST));
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Poisson counts with over-dispersion: all counts and exposures are divided by it. */
#include "judge/counts.h"

#include <math.h>

#include "judge/eprocess.h"

void counts_add(struct counts *c, bool since, double events, double exposure)
{
	if (!(exposure > 0) || !(events >= 0) || !isfinite(events) || !isfinite(exposure))
		return;
	c->events[since] += events;
	c->exposure[since] += exposure;
	series_add(&c->rate[since], events / exposure);
}

double counts_dispersion(const struct counts *c)
{
	const struct series none = { 0 };
	/* No rate is known, and no sum exact, to better than one in a thousand. */
	double most = fmax(1, fmax(c->events[0], c->events[1]) * 1e-6);

	for (int i = 0; i < 2; i++) {
		double each, of;

		if (c->rate[i].n < 8 || !(c->events[i] > 0))
			continue;
		each = c->exposure[i] / c->rate[i].n;
		of = series_long_run(&c->rate[i], &none) * each * c->exposure[i] / c->events[i];
		most = fmax(most, of);
	}
	return most;
}

double counts_moved(const struct counts *c)
{
	if (!(c->exposure[0] > 0) || !(c->exposure[1] > 0))
		return 1;
	return fmax(1, (c->events[1] + 0.5) / c->exposure[1] /
			       ((c->events[0] + 0.5) / c->exposure[0]));
}

double counts_log_evidence(const struct counts *c, double factor, double floor, double alpha)
{
	double by = counts_dispersion(c), most;

	if (!(c->exposure[0] > 0) || !(c->exposure[1] > 0))
		return 0;
	most = fixed_rates(c->events[0] / by, c->exposure[0] / by, 2 * alpha).high;
	return eprocess_log_above(c->events[1] / by, c->exposure[1] / by, most * factor + floor);
}

static void both(const struct counts *c, double alpha, struct interval *before,
		 struct interval *since)
{
	double by = counts_dispersion(c);

	*before = fixed_rates(c->events[0] / by, c->exposure[0] / by, alpha / 2);
	*since = eprocess_rates(c->events[1] / by, c->exposure[1] / by, alpha / 2);
}

struct interval counts_ratio(const struct counts *c, double alpha)
{
	struct interval before, since;

	both(c, alpha, &before, &since);
	return (struct interval){ isfinite(before.high) ? since.low / before.high : 0,
				  before.low > 0 ? since.high / before.low : INFINITY };
}

double counts_most_added(const struct counts *c, double alpha)
{
	struct interval before, since;

	both(c, alpha, &before, &since);
	return since.high - before.low;
}

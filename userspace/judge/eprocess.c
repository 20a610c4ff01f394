// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Gamma-Poisson mixtures. With the prior Gamma(a, a / rate), the marginal likelihood over the
 * likelihood at `rate` is a martingale there; with the prior cut to the rates above, it is a
 * supermartingale for all rates below (Howard, Ramdas, McAuliffe, Sekhon 2021, gamma-Poisson).
 */
#include "judge/eprocess.h"

#include <math.h>

#include "judge/chance.h"

/* The prior's shape: 1 is an exponential with the supposed rate as its mean. */
#define SHAPE 1.0

static double log_mixture(double count, double exposure, double rate)
{
	double beta = SHAPE / rate;

	return SHAPE * log(beta) + lgamma(SHAPE + count) - lgamma(SHAPE) -
	       (SHAPE + count) * log(beta + exposure) - count * log(rate) + rate * exposure;
}

double eprocess_log_above(double count, double exposure, double rate)
{
	double value;

	if (!(rate > 0))
		return count > 0 ? INFINITY : 0;
	if (!(exposure > 0))
		return 0;
	value = log_mixture(count, exposure, rate) +
		gamma_log_upper(SHAPE + count, SHAPE + rate * exposure) -
		gamma_log_upper(SHAPE, SHAPE);
	/* Below the rate no higher one is likelier; the sum of two large terms may not say so. */
	return count <= rate * exposure ? fmin(value, 0) : value;
}

/* Where the mixture crosses ln(1/alpha) between a rate that is refuted and one that is not. */
static double crossing(double count, double exposure, double refuted, double kept, double alpha)
{
	for (int i = 0; i < 50; i++) {
		double middle = (refuted + kept) / 2;

		if (log_mixture(count, exposure, middle) >= -log(alpha))
			refuted = middle;
		else
			kept = middle;
	}
	return refuted;
}

struct interval eprocess_rates(double count, double exposure, double alpha)
{
	struct interval r = { 0, INFINITY };
	double kept, far;

	if (!(exposure > 0))
		return r;
	kept = fmax(count, 1e-3) / exposure;
	far = (count + 40 * sqrt(count + 1) + 40 - 4 * log(alpha)) / exposure;
	r.high = crossing(count, exposure, far, kept, alpha);
	if (count > 0)
		r.low = crossing(count, exposure, 1e-12 * kept, kept, alpha);
	return r;
}

struct interval fixed_rates(double count, double exposure, double alpha)
{
	struct interval r = { 0, INFINITY };

	if (!(exposure > 0))
		return r;
	r.low = gamma_quantile(count, alpha / 2) / exposure;
	r.high = gamma_quantile(count + 1, 1 - alpha / 2) / exposure;
	return r;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The normal mixture: with S the sum and V its variance, S^2 < (V + p) ln((V + p) / (p alpha^2)).
 */
#include "judge/sequence.h"

#include <math.h>

#include "judge/chance.h"

double sequence_radius(double n, double long_run, double alpha, double best)
{
	double prior, wide;

	if (!(n > 0) || !isfinite(long_run))
		return INFINITY;
	/* In units of long_run, V is n. The width at n is least about where p = n / (2
	 * ln(1/alpha)). */
	prior = best / (2 * log(1 / alpha) + log1p(2 * log(1 / alpha)));
	wide = (n + prior) * (log1p(n / prior) + 2 * log(1 / alpha));
	return sqrt(wide * long_run) / n;
}

double fixed_radius(double n, double long_run, double alpha)
{
	if (!(n > 0) || !isfinite(long_run))
		return INFINITY;
	return normal_exceeded(alpha / 2) * sqrt(long_run / n);
}

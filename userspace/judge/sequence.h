/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A confidence sequence: an interval after each batch, all of which hold the true mean at once
 * with the chance 1 - alpha, so that one may look as often as one likes and stop at any time.
 */
#ifndef SUTURE_JUDGE_SEQUENCE_H
#define SUTURE_JUDGE_SEQUENCE_H

struct interval {
	double low, high;
};

/*
 * Half the width after n batches whose mean has the variance long_run / n: the normal mixture of
 * Robbins (1970), as an asymptotic sequence (Waudby-Smith et al. 2021), narrowest near `best`
 * batches. Two-sided. INFINITY for n = 0.
 */
double sequence_radius(double n, double long_run, double alpha, double best);

/* Half the width of the plain interval for a mean of n batches that is looked at once. */
double fixed_radius(double n, double long_run, double alpha);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A series of batch means, kept as sums: a new batch costs the same however long the watch.
 * What one wants of it beside the mean is how much the mean may wander: the long-run variance,
 * which for real load is many times the variance, since one second resembles the next.
 */
#ifndef SUTURE_JUDGE_SERIES_H
#define SUTURE_JUDGE_SERIES_H

#define SERIES_RECENT 8

struct series {
	unsigned int n;
	double origin; /* the first value, taken off all of them: the sums stay small */
	double sum, squares, products, times; /* products of neighbours; index times value */
	double last;
	double recent[SERIES_RECENT];
};

/* A value that is not finite is left out. */
void series_add(struct series *s, double value);
double series_mean(const struct series *s);
/* Of the last few values: what is over by now should not be called a change. */
double series_recent(const struct series *s);
double series_variance(const struct series *s);

/*
 * The first autocorrelation, corrected for its bias in short series (Marriott & Pope 1954,
 * Kendall 1954), plus once its own standard error; within [0, 0.98].
 */
double series_correlation(const struct series *s);

/*
 * n times the variance of the mean, from two windows with levels of their own: variances and
 * correlations are pooled, and what a short series can't know is added. INFINITY where
 * too little was seen. Either may be empty.
 */
double series_long_run(const struct series *a, const struct series *b);

/* Least squares per batch, with its standard error (from the long-run variance). */
double series_slope(const struct series *s, double long_run, double *error);

#endif

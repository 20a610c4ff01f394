/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Has a rate of events (errors among calls, signals a second) risen since the patch? */
#ifndef SUTURE_JUDGE_COUNTS_H
#define SUTURE_JUDGE_COUNTS_H

#include <stdbool.h>

#include "judge/finding.h"
#include "judge/series.h"

struct counts {
	double events[2], exposure[2]; /* before and since the patch */
	struct series rate[2];	       /* a second, for the over-dispersion */
};

void counts_add(struct counts *c, bool since, double events, double exposure);

/* The variance over the mean of a Poisson count, at least 1: bursts, correlated errors. */
double counts_dispersion(const struct counts *c);

/* The factor by which the rate moved, as a plain estimate, never below 1; 1 without data. */
double counts_moved(const struct counts *c);

/*
 * ln of the e-value against "the rate is at most `factor` times the baseline's, plus floor". The
 * baseline's rate is taken at its upper bound, wrong with the chance alpha.
 */
double counts_log_evidence(const struct counts *c, double factor, double floor, double alpha);

/* The ratio since over before; high is INFINITY where the baseline saw nothing. */
struct interval counts_ratio(const struct counts *c, double alpha);
/* The most by which the rate may have risen. */
double counts_most_added(const struct counts *c, double alpha);

#endif

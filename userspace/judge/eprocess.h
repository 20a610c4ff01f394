/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Evidence that a rate has risen: an e-process. While the rate is at most the one supposed, the
 * chance that it ever reaches 1/alpha is at most alpha, whenever one looks (Ville 1939).
 */
#ifndef SUTURE_JUDGE_EPROCESS_H
#define SUTURE_JUDGE_EPROCESS_H

#include "judge/sequence.h"

/*
 * ln of the e-value of `count` events at `exposure` against "the rate is at most `rate`": a
 * mixture of Poisson rates above it, gamma distributed. Counts may be fractions: divided by an
 * over-dispersion. A rate of 0 with an event is INFINITY.
 */
double eprocess_log_above(double count, double exposure, double rate);

/* The rates that are not refuted at alpha, at any time: a confidence sequence. */
struct interval eprocess_rates(double count, double exposure, double alpha);

/* The rates that a fixed look (the baseline) does not refute at alpha (Garwood 1936). */
struct interval fixed_rates(double count, double exposure, double alpha);

#endif

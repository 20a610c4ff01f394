/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long compiling will take, from how long it took for the same target before. */
#ifndef SUTURE_SOURCE_ESTIMATE_H
#define SUTURE_SOURCE_ESTIMATE_H

#include <stddef.h>

#include "base/error.h"
#include "base/str.h"
#include "source/target.h"

/* Seconds of one CPU for one compile, and how many compiles that is known from. */
struct compile_cost {
	double each;
	double n;
};

/* Kept with the target; a first guess if there is nothing. */
struct compile_cost compile_cost_load(const struct target *t);
/* Add what was measured: 'n' compiles in 'seconds' with 'jobs' side by side. */
void compile_cost_add(const struct target *t, size_t n, double seconds, unsigned int jobs);

/* Wall time of n compiles, in seconds. Pure. */
double compile_estimate(struct compile_cost cost, size_t n, unsigned int jobs);
/* The mean of both, where the past counts as 200 compiles at most. Pure. */
struct compile_cost compile_cost_learn(struct compile_cost old, size_t n, double seconds,
				       unsigned int jobs);
/* "about 14 min", "about 20 s": as rough as it is. Pure. */
struct text32 compile_estimate_text(double seconds);

#endif

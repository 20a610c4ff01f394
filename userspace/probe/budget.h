/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What watching functions costs beside the functions' own time, and of how many of their calls the
 * time may be taken so that this stays within a budget. Pure.
 *
 * Each call is counted; what its time being taken costs more is saved by taking it of one call in
 * N, chosen by chance (bpf/latency.bpf.c). Never so rarely that fewer than BUDGET_TIMED a second
 * are left: that is what the judge was calibrated with (docs/JUDGE.md). So rates of calls stay
 * exact, and the judge works on the calls that were taken as they are: a thinned Poisson process
 * is one, with the same share of errors, and times of calls chosen by chance have the same
 * distribution. Counts multiplied by N would pass for evidence that nobody has.
 */
#ifndef SUTURE_PROBE_BUDGET_H
#define SUTURE_PROBE_BUDGET_H

#include <stddef.h>

#include "bpf/latency.h"

#define BUDGET_TIMED 1000.0 /* calls a second */
#define BUDGET_USUAL 0.01   /* share of the functions' time */

/* What the probes at a function cost a call, in nanoseconds; .timed 0: it is not known. */
struct probe_cost {
	double timed;	 /* its time is taken */
	double untimed;	 /* it is counted only */
	double inside;	 /* the part of 'timed' that is in the time that is taken */
	double programs; /* the programs' part of 'timed', as BPF's own statistics have it */
};

/*
 * What was found in a loop, where caches are warm, for a place in which the programs take so many
 * nanoseconds a call: what they take more there is added to both. Not less.
 */
struct probe_cost probe_cost_where(const struct probe_cost *loop, double programs);

/* One function: its probes, and what they have seen meanwhile. */
struct budget_function {
	struct probe_cost cost;
	struct latency_counts counts;
};

/* Of the functions that were seen to end a call. */
struct budget_sum {
	double calls;
	double probes; /* nanoseconds that their probes took */
	double own;    /* nanoseconds that the calls took without them, with what they call */
};
/* All 0: no call was seen to end, or a cost is not known. */
struct budget_sum budget_sum(const struct budget_function *f, size_t n);
/* .probes as a share of .own, or NAN. */
double budget_share(const struct budget_function *f, size_t n);

/*
 * One call in every[i] of function i is to be taken: each call of all of them if that stays within
 * the budget (a share); else of each just so few that it does, or where counting alone costs more
 * than the budget, so few that the rest is a tenth of that. 'f' is what was seen in 'seconds' with
 * each call taken.
 */
void budget_plan(const struct budget_function *f, size_t n, double seconds, double budget,
		 unsigned int *every);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one metric says: where the interval of its effect lies among the margins. */
#ifndef SUTURE_JUDGE_FINDING_H
#define SUTURE_JUDGE_FINDING_H

#include "judge/policy.h"
#include "judge/sequence.h"

/* From best to worst, but for open, which says nothing. */
enum standing { STANDING_EQUAL, STANDING_OPEN, STANDING_WORSE, STANDING_FAILED };

struct judge_finding {
	const char *metric; /* "latency" */
	enum standing standing;
	double effect;		  /* a factor on before; of leaks bytes a second more */
	struct interval interval; /* the confidence sequence, in the same unit */
	double smallest;	  /* the smallest effect that would by now be called harm */
	double seconds_more;	  /* until equal may be said, if nothing changes; INFINITY: never */
	const char *why;	  /* of an open one: what is missing; else NULL */
	unsigned int part;	  /* of host signals that are worse: which, an index of them */
};

/*
 * Where an interval of logarithms stands. `allowed` (>= 0) is what drift and moving controls
 * excuse: it is taken off before harm is called, and never added to what equal means.
 */
enum standing standing_of(struct interval logs, const struct margin *m, double allowed);

#endif

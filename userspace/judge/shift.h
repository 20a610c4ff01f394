/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Has the level of a series moved since the patch, more than controls did? One second after
 * another goes in as the logarithm of something (a latency, the share of slow calls), for the
 * target and for the mean of its controls.
 */
#ifndef SUTURE_JUDGE_SHIFT_H
#define SUTURE_JUDGE_SHIFT_H

#include <stdbool.h>

#include "judge/finding.h"
#include "judge/series.h"

struct shift {
	bool controlled;
	struct series difference[2]; /* target less control; before and since the patch */
	struct series control[2];
};

struct shift_terms {
	const char *metric;
	struct margin margin;
	double alpha;
	double drift;		  /* a batch, that is excused */
	double own;		  /* of the change: what the redirect itself may cost */
	double seconds_per_batch; /* of the watch */
	unsigned int least;	  /* batches of the watch, before harm is called */
};

/* control is ignored unless s->controlled. */
void shift_add(struct shift *s, bool since, double target, double control);
struct judge_finding shift_finding(const struct shift *s, const struct shift_terms *t);

#endif

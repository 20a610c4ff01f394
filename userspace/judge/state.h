/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to judge/: what a judge has seen, and how it is asked metric by metric. */
#ifndef SUTURE_JUDGE_STATE_H
#define SUTURE_JUDGE_STATE_H

#include "judge/counts.h"
#include "judge/judge.h"
#include "judge/shift.h"

struct judge {
	struct judge_policy policy;
	unsigned int controls;
	bool since;
	unsigned int seconds[2], odd;
	double last; /* time */
	bool begun;
	bool has_returns, has_signals; /* somebody could see them */
	uint32_t hard;

	/* Seconds with few calls wait here until they are enough for one value. */
	struct histogram waiting[1 + JUDGE_CONTROLS];
	/* The target and its controls before the patch, and above which bucket a call is slow. */
	struct histogram before[1 + JUDGE_CONTROLS];
	unsigned int slow[1 + JUDGE_CONTROLS], chosen;
	unsigned int slow_since; /* the target's, with the policy's latency_floor on top */
	struct shift latency, tail;

	struct counts errors, class[RETURN_CLASSES], control_errors, signal[JUDGE_SIGNALS];
	struct series leak[2]; /* by how many bytes a second what is held has grown */
	bool leak_known;       /* of the batch before this one: */
	double leak_time, leak_level;
	double calls[2];
};

void judge_feed_latency(struct judge *j, bool since, const struct batch *b);
void judge_feed_counts(struct judge *j, bool since, const struct batch *b);

struct judge_finding judge_latency(const struct judge *j);
struct judge_finding judge_tail(const struct judge *j);
struct judge_finding judge_errors(const struct judge *j);
struct judge_finding judge_signals(const struct judge *j);
struct judge_finding judge_leak(const struct judge *j);

/* The metric's part of alpha: the parts sum up to 1 (union bound). */
double judge_share(const struct judge *j, enum judge_metric m);

#endif

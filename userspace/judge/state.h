/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to judge/: what a judge has seen, and how it is asked metric by metric. */
#ifndef SUTURE_JUDGE_STATE_H
#define SUTURE_JUDGE_STATE_H

#include "judge/counts.h"
#include "judge/health.h"
#include "judge/shift.h"
#include "judge/slope.h"

struct health {
	struct health_policy policy;
	unsigned int controls;
	bool since;
	unsigned int seconds[2], odd;
	double last; /* time */
	bool begun;
	uint32_t hard;

	/* Seconds with few calls wait here until they are enough for one value. */
	struct histogram waiting[1 + HEALTH_CONTROLS];
	/* The target and its controls before the patch, and above which bucket a call is slow. */
	struct histogram before[1 + HEALTH_CONTROLS];
	unsigned int slow[1 + HEALTH_CONTROLS], chosen;
	struct shift latency, tail;

	struct counts errors, class[RETURN_CLASSES], control_errors, signal[HEALTH_SIGNALS];
	struct levels leak[2];
	unsigned int leak_look; /* how often was looked */
	bool leak_found;
	double calls[2];
};

void health_feed_latency(struct health *h, bool since, const struct batch *b);
void health_feed_counts(struct health *h, bool since, const struct batch *b);

struct finding health_latency(const struct health *h);
struct finding health_tail(const struct health *h);
struct finding health_errors(const struct health *h);
struct finding health_signals(const struct health *h);
struct finding health_leak(const struct health *h);

/* The metric's part of alpha: the parts sum up to 1 (union bound). */
double health_share(const struct health *h, enum health_metric m);

#endif

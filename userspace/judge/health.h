/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judge. Give it one batch a second, first of the baseline, then of the watch, and ask for
 * the verdict as often as you like: with the chance 1 - alpha it is never once falsely degraded
 * or failed. Pure: no clock, no I/O; time is what the batches say. docs/JUDGE.md has the why.
 *
 *	health_new(&policy, controls, &h);
 *	health_second(h, false, &batch);	30 times or more
 *	health_second(h, true, &batch);		once the patch is live
 *	health_verdict(h, &verdict);
 */
#ifndef SUTURE_JUDGE_HEALTH_H
#define SUTURE_JUDGE_HEALTH_H

#include "judge/finding.h"
#include "judge/hard.h"
#include "judge/histogram.h"

/* Classes of what the function returned; RETURN_ERRNO + e is -e. */
enum return_class {
	RETURN_ZERO,
	RETURN_POSITIVE,
	RETURN_NULL,
	RETURN_NEGATIVE, /* and no errno */
	RETURN_ERRNO,
	RETURN_CLASSES = RETURN_ERRNO + 134
};

#define HEALTH_CONTROLS 8
#define HEALTH_SIGNALS 8

struct batch {
	double time; /* seconds, of a clock that does not jump */
	struct histogram latency;
	uint64_t returns[RETURN_CLASSES];
	const struct histogram *control; /* as many as health_new() was told of */
	uint64_t control_calls, control_errors;
	uint64_t signal[HEALTH_SIGNALS]; /* host signals that are counted: retransmits, faults */
	bool has_leak;
	double leak;   /* bytes held that the new code allocated */
	uint32_t hard; /* 1 << enum hard_signal */
};

enum health_word { HEALTH_HEALTHY, HEALTH_INCONCLUSIVE, HEALTH_DEGRADED, HEALTH_FAILED };
enum health_metric {
	METRIC_LATENCY,
	METRIC_TAIL,
	METRIC_ERRORS,
	METRIC_SIGNALS,
	METRIC_LEAK,
	HEALTH_METRICS
};

struct health_verdict {
	enum health_word word;
	enum hard_signal hard; /* that decided; else HARD_SIGNALS */
	int metric;	       /* that decided, an enum health_metric; else -1 */
	struct finding finding[HEALTH_METRICS];
	double seconds_more; /* of an inconclusive one, until healthy may be said; or INFINITY */
	unsigned int watched;
	bool controlled;  /* else only before and after were compared: say so */
	unsigned int odd; /* batches left out: time went back or was no number */
	char reason[160]; /* one sentence */
};

struct health;

/* ERROR_POLICY, ERROR_FAILED (memory, too many controls); *h is untouched then. */
struct error *health_new(const struct health_policy *p, unsigned int controls, struct health **h);
void health_free(struct health **h);
#define __cleanup_health __attribute__((cleanup(health_free)))

/* since: the patch is live. Once it was, a batch of the baseline is left out. */
void health_second(struct health *h, bool since, const struct batch *b);
void health_verdict(const struct health *h, struct health_verdict *v);
const char *health_name(enum health_word w);

#endif

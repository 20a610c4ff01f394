/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judge. Give it one batch a second, first of the baseline, then of the watch, and ask for
 * the verdict as often as you like: with the chance 1 - alpha it is never once falsely degraded
 * or failed. Pure: no clock, no I/O; time is what the batches say. docs/JUDGE.md has the why.
 *
 *	judge_new(&policy, controls, &j);
 *	judge_second(j, false, &batch);	30 times or more
 *	judge_second(j, true, &batch);		once the patch is live
 *	judge_verdict(j, &verdict);
 */
#ifndef SUTURE_JUDGE_JUDGE_H
#define SUTURE_JUDGE_JUDGE_H

#include "judge/finding.h"
#include "judge/hard.h"
#include "base/histogram.h"

/* Classes of what the function returned; RETURN_ERRNO + e is -e. */
enum return_class {
	RETURN_ZERO,
	RETURN_POSITIVE,
	RETURN_NULL,
	RETURN_NEGATIVE, /* and no errno */
	RETURN_ERRNO,
	RETURN_CLASSES = RETURN_ERRNO + 134
};

#define JUDGE_CONTROLS 8
#define JUDGE_SIGNALS 8

struct batch {
	double time; /* seconds, of a clock that does not jump */
	struct histogram latency;
	uint64_t returns[RETURN_CLASSES];
	bool no_returns;		 /* what it returned is not known */
	const struct histogram *control; /* as many as judge_new() was told of */
	uint64_t control_calls, control_errors;
	uint64_t signal[JUDGE_SIGNALS]; /* host signals that are counted: retransmits, faults */
	bool no_signals;		/* nobody counts them here */
	bool has_leak;
	double leak;   /* bytes held that the new code allocated */
	uint32_t hard; /* 1 << enum hard_signal */
};

enum judge_word { JUDGE_HEALTHY, JUDGE_INCONCLUSIVE, JUDGE_DEGRADED, JUDGE_FAILED };
enum judge_metric {
	METRIC_LATENCY,
	METRIC_TAIL,
	METRIC_ERRORS,
	METRIC_SIGNALS,
	METRIC_LEAK,
	JUDGE_METRICS
};

struct judge_verdict {
	enum judge_word word;
	enum hard_signal hard; /* that decided; else HARD_SIGNALS */
	int metric;	       /* that decided, an enum judge_metric; else -1 */
	struct judge_finding finding[JUDGE_METRICS];
	double seconds_more; /* of an inconclusive one, until healthy may be said; or INFINITY */
	unsigned int watched;
	bool controlled;  /* else only before and after were compared: say so */
	unsigned int odd; /* batches left out: time went back or was no number */
	char reason[160]; /* one sentence */
};

struct judge;

/* ERROR_POLICY, ERROR_FAILED (memory, too many controls); *j is untouched then. */
struct error *judge_new(const struct judge_policy *p, unsigned int controls, struct judge **j);
void judge_free(struct judge **j);
#define __cleanup_judge __attribute__((cleanup(judge_free)))

/* since: the patch is live. Once it was, a batch of the baseline is left out. */
void judge_second(struct judge *j, bool since, const struct batch *b);
void judge_verdict(const struct judge *j, struct judge_verdict *v);
const char *judge_word_name(enum judge_word w);
/* For programs: "latency", "tail", "errors", "signals", "leak"; a finding's own is for people. */
const char *judge_metric_name(enum judge_metric m);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What counts as harm: from the fix's metadata or the host's policy; the defaults are here. */
#ifndef SUTURE_JUDGE_POLICY_H
#define SUTURE_JUDGE_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Factors on what was before. 1 < harm < equal < fail. */
struct margin {
	double harm;  /* a rise proven to be beyond this is harm, unless inside of equal */
	double equal; /* what healthy may hide: the whole interval lies below */
	double fail;  /* a rise proven to be beyond this is failed, not degraded */
};

struct judge_policy {
	double alpha; /* the chance of one false verdict over all metrics, however long one looks */
	unsigned int baseline, soak; /* seconds; no healthy before */
	struct margin latency, tail, errors, signals;
	/*
	 * In the unit of the latencies: a rise by no more is no harm. What redirecting a call
	 * costs, which weighs on functions that are short.
	 */
	double latency_floor;
	double error_floor;  /* a rise of the share of errors by less is no harm */
	double signal_floor; /* the same for host signals, a second */
	double leak;	     /* bytes a second */
	double drift;	     /* a minute, that nobody is blamed for where no control tells */
	double drift_beside; /* the same, of the difference to controls */
	uint32_t hard;	     /* 1 << enum hard_signal: which of them decide at once */
};

struct judge_policy judge_policy_usual(void);
/* ERROR_POLICY that names the field if a margin or a chance makes no sense. */
struct error *judge_policy_check(const struct judge_policy *p);

#endif

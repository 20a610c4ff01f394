/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two successive readings of the probes as what the judge takes. Pure. */
#ifndef SUTURE_FLOW_WATCH_BATCH_H
#define SUTURE_FLOW_WATCH_BATCH_H

#include "flow/own_watch.h"
#include "judge/judge.h"
#include "probe/health.h"
#include "probe/latency.h"

/* What two readings differ in; a counter that went back (its probe was attached anew) gives 0. */
struct latency_counts watch_difference(const struct latency_counts *before,
				       const struct latency_counts *now);
/* Latencies and returns of a difference. Of what returns nothing, or nothing known, errors are not
 * judged. */
void watch_batch_target(struct batch *b, const struct latency_counts *d,
			enum latency_return returned);
/* One control more: its latencies to *latency, its calls and errors to the batch. */
void watch_batch_control(struct batch *b, struct histogram *latency, const struct latency_counts *d,
			 enum latency_return returned);
/* Events of the host: those that are hard, and those that are counted. */
void watch_batch_host(struct batch *b, const struct health_reading *before,
		      const struct health_reading *now);
/* What is counted in .signal[i] of a batch: "processes that crashed". */
const char *watch_batch_signal_words(unsigned int i);
/*
 * What the patch's own code did. A warning from it is hard, one from other code is counted; where
 * nobody can tell, any is hard. So is a process that it ended, unless 'usual': the old code did
 * that, too.
 */
void watch_batch_own(struct batch *b, const struct own_reading *before,
		     const struct own_reading *now, bool usual);

/*
 * A policy for one of 'targets' functions that are judged beside each other, with a batch every
 * 'interval' seconds: what 'wanted' has in seconds is in batches there.
 */
struct judge_policy watch_policy(const struct judge_policy *wanted, double interval,
				 unsigned int targets, bool emulated);
/* Whether this processor is one that QEMU makes up instruction by instruction (CPUID). */
bool watch_is_emulated(void);

#endif

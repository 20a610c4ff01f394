/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the readings of a vigil come from: the kernel's probes, or processes (process_watch.h). */
#ifndef SUTURE_FLOW_VIGIL_SOURCE_H
#define SUTURE_FLOW_VIGIL_SOURCE_H

#include "flow/watcher.h"

struct vigil_source {
	/*
	 * When the next interval is over: when that was (clock_seconds()), the host's reading, that
	 * of each function, and hard signals (1 << enum hard_signal) that it tells of itself.
	 */
	struct error *(*next)(void *self, double *time, struct health_reading *host,
			      struct latency_reading *each, uint32_t *hard);
	/* Whether the patch is in its place still; slow, so it is asked less often. */
	struct error *(*look)(void *self, bool *lost);
	/* Nothing is measured any more; may be called again. */
	void (*detach)(void *self);
	void *self;
	/* What being redirected costs a call by itself at most, nanoseconds; 0: judge/policy.h's.
	 */
	double floor;
	struct probe_cost cost; /* of a call; .timed 0: not known */
};

#endif

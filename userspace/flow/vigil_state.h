/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to vigil.c and vigil_json.c: what a vigil has seen. */
#ifndef SUTURE_FLOW_VIGIL_STATE_H
#define SUTURE_FLOW_VIGIL_STATE_H

#include "base/vec.h"
#include "flow/controls.h"
#include "flow/vigil.h"

enum vigil_edge { EDGE_BEGUN, EDGE_BEFORE, EDGE_LIVE, EDGE_ENDED, VIGIL_EDGES };

/* One batch, for a chart. */
struct vigil_point {
	double time; /* clock_seconds() */
	bool since;
	uint64_t calls, errors;
	double p50, p99, control_p50; /* nanoseconds; 0: no call */
	uint64_t crashes, retransmits;
};

struct vigil {
	const struct bundle_payload *payload; /* of the kernel's; or NULL */
	struct vigil_source source;
	struct vigil_wish wish;
	struct controls chosen;		      /* where the wish names none */
	VEC(struct watch_function) functions; /* those of the patch, then the controls */
	size_t targets;
	struct watcher *watcher;    /* of the kernel's functions */
	struct latency_plan *plans; /* of each function; ways.plans */
	struct watcher_ways ways;
	struct latency_reading *last, *now; /* of each function */
	/* Where the baseline and the watch begin and end, of each function. */
	struct latency_reading *edge[VIGIL_EDGES];
	struct health_reading host_edge[VIGIL_EDGES];
	struct own_reading own_edge[VIGIL_EDGES];
	double edge_time[VIGIL_EDGES];
	VEC(struct vigil_point) points;
	struct health_reading host_last;
	struct own_code own;		      /* the kernel's; where it lies */
	struct own_reading own_last, own_now; /* zero for processes */
	struct judge **judges;		      /* of each target */
	double *calls;			      /* of each target, since the probes are there */
	double proof_due;
	struct service_check check;
	bool begun;
};

#endif

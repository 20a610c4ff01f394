/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions of the kernel, and the host, under watch in a process of its own, for the reason that
 * prober.h gives: it attaches, reads every interval, sends what it read, and ends when nobody
 * listens any more.
 */
#ifndef SUTURE_FLOW_WATCHER_H
#define SUTURE_FLOW_WATCHER_H

#include "flow/own_watch.h"
#include "probe/health.h"
#include "probe/watch.h"

struct watcher;

struct watcher_wish {
	double interval;   /* seconds */
	double budget;	   /* of the probes: watch_keep_budget() */
	const char *blind; /* why no cost can be known, so that none is looked for; or NULL */
	const struct own_code *own; /* a patch's, whose functions come first; or NULL */
	size_t targets;		    /* how many they are */
};

/* How it is attached, and what that costs. */
struct watcher_ways {
	struct latency_plan *plans;	 /* of each function */
	struct watch_sampling *sampling; /* of each function */
	char unknown[160];		 /* why no cost is known; "": it is */
};

/*
 * Attached when it returns, and sampled as it will be; 'ways' says how. n may be 0: the host alone,
 * which has neither plans nor sampling. ERROR_PENDING, here and
 * below: the kernel does not come back.
 */
struct error *watcher_start(const struct watch_function *f, size_t n,
			    const struct watcher_wish *wish, struct watcher_ways *ways,
			    struct watcher **out) __must_check;
/*
 * The next reading: the host's, the patch's own (NULL: nobody asks), that of each function, and
 * when (clock_seconds()).
 */
struct error *watcher_next(struct watcher *w, double *time, struct health_reading *host,
			   struct own_reading *own, struct latency_reading *each) __must_check;
/* Detach, and wait a moment for that. */
void watcher_end(struct watcher **w);
#define __cleanup_watcher __cleanup(watcher_end)

#endif

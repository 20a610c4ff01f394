/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * baseline → ... → watch → verdict → confirm | revert: what apply does beside loading where a
 * verdict was asked for.
 */
#ifndef SUTURE_FLOW_HOST_WATCH_H
#define SUTURE_FLOW_HOST_WATCH_H

#include "flow/host_state.h"
#include "flow/process_watch.h"
#include "flow/watch_record.h"

struct host_watch {
	const struct host_request *request;
	const struct bundle *bundle;
	const struct bundle_payload *payload; /* NULL: it is for processes */
	struct process_watch *processes;      /* or NULL */
	struct host *h;			      /* closed once there is a verdict */
	struct watch_settled settled;
	VEC(struct watch_function) controls; /* that somebody named; in the arena of .settled */
	struct vigil *vigil;		     /* NULL: nobody asked for a verdict */
	struct vigil_verdict verdict;
	const char *outcome; /* NULL: it is not known */
	struct watch_record record;
};

/*
 * The policy, and for the kernel the baseline: before the patch is loaded. Without .watch nothing,
 * or ERROR_POLICY where the host asks for it.
 */
struct error *host_watch_baseline(struct host_watch *w, struct host *h, const struct bundle *b,
				  const struct bundle_payload *payload) __must_check;
/* Seconds from the intent until processes get it; 0: at once. */
double host_watch_wait(const struct host_watch *w);
/*
 * Before processes get it, whose calls are timed from here on; 'p' must outlive the watch.
 * ERROR_REFUSED if none has the file mapped.
 */
struct error *host_watch_processes(struct host_watch *w, struct host *h, const struct bundle *b,
				   struct process_patch *p) __must_check;
/*
 * It is live and proved, and the proof ends here: wait for the verdict, and do what it asks for
 * (host_apply() in host.h).
 */
struct error *host_watch_verdict(struct host_watch *w, struct host *h,
				 struct host_proof *proof) __must_check;
/* Nothing is watched any more; what is known of it stays. */
void host_watch_end(struct host_watch *w);
void host_watch_free(struct host_watch *w);

#endif

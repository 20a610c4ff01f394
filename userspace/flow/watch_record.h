/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is kept of a watch (suture-record/1), for reports: what happened when, what was measured,
 * what was judged, and what became of the patch.
 */
#ifndef SUTURE_FLOW_WATCH_RECORD_H
#define SUTURE_FLOW_WATCH_RECORD_H

#include "flow/host_state.h"
#include "flow/watch_blockers.h"
#include "flow/watch_settle.h"

struct watch_event {
	double time; /* seconds since the watch's verb began */
	char *event, *text;
};

/* Listens to what is told, keeps it, and tells it on with times of one clock. */
struct watch_record {
	struct host_request told; /* whom it is told on to */
	double begun;		  /* clock_seconds() */
	int64_t begun_utc;	  /* seconds since 1970 */
	VEC(struct watch_event) events;
	struct watch_blockers blockers; /* of the transition in */
};

void watch_record_begin(struct watch_record *r, const struct host_request *told);
/* A host_tell; arg is the record. */
void watch_record_tell(void *arg, const struct host_event *e);
void watch_record_free(struct watch_record *r);
#define __cleanup_watch_record __cleanup(watch_record_free)

struct watch_record_of {
	const struct bundle *bundle;
	const struct bundle_payload *payload;
	const struct watch_settled *policy;
	const struct vigil *vigil;
	const struct vigil_verdict *verdict;
	const char *outcome; /* "confirmed", "reverted", "pending" */
};

/*
 * Write records/DIGEST.json beneath the state folder, whole or not at all, and its SHA-256 into the
 * ledger. *path is allocated.
 */
struct error *watch_record_write(const struct watch_record *r, const struct host *h,
				 const struct watch_record_of *of, char **path) __must_check;

#endif

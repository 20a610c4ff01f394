/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who held up a transition, put together from looks at it while it lasted. Pure. */
#ifndef SUTURE_FLOW_WATCH_BLOCKERS_H
#define SUTURE_FLOW_WATCH_BLOCKERS_H

#include "base/json.h"
#include "livepatch/blockers.h"

/* A task that was waited for, as it was seen last. */
struct watch_blocker {
	pid_t pid, tid;
	const char *comm, *function; /* function: that pins it; or NULL */
	double seconds;		     /* it was waited for, at least */
	VEC(const char *) stack;
};

struct watch_blockers {
	VEC(struct watch_blocker) v;
	double begun; /* the transition, as the times of the looks */
	struct arena arena;
};

/* No more tasks than this are kept, those that were seen first. */
#define WATCH_BLOCKERS 200

/* One look at this time. What was kept before stays if memory runs out. */
struct error *watch_blockers_look(struct watch_blockers *w, double time,
				  const struct blockers *b) __must_check;
/* The member "blockers" of suture-record/1. */
void watch_blockers_json(const struct watch_blockers *w, struct json *j);
void watch_blockers_free(struct watch_blockers *w);
#define __cleanup_watch_blockers __cleanup(watch_blockers_free)

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy of one watch: what is usual, what the fix asks for instead, what the command line has
 * instead of both, and of each no less strict than the host allows. Pure.
 */
#ifndef SUTURE_FLOW_WATCH_SETTLE_H
#define SUTURE_FLOW_WATCH_SETTLE_H

#include "base/vec.h"
#include "bundle/watch_terms.h"
#include "judge/policy.h"

/* Who said what counts. */
enum watch_by { WATCH_BY_USUAL, WATCH_BY_FIX, WATCH_BY_COMMAND, WATCH_BY_HOST };

struct watch_sides {
	const struct watch_terms *command, *fix, *host;
	double watch, interval; /* seconds */
};

struct watch_settled {
	/* All of it is said, but for controls and the check of the service. */
	struct watch_terms terms;
	enum watch_by number[WATCH_NUMBERS], hard, on_degraded, controls, health_check;
	const char *host_check;	 /* that the host asks for beside terms.health_check; or NULL */
	VEC(const char *) notes; /* where two differ, and which one counts: a sentence each */
	double interval;
	struct arena arena;
};

/*
 * What command line and fix point to must outlive it. ERROR_POLICY: the host asks for more than
 * --watch leaves time for; ERROR_USAGE: the command line contradicts itself. *out is untouched
 * then.
 */
struct error *watch_settle(const struct watch_sides *s, struct watch_settled *out) __must_check;
void watch_settled_free(struct watch_settled *s);
#define __cleanup_watch_settled __cleanup(watch_settled_free)

/* The same as the judge takes it, with times in seconds. */
struct judge_policy watch_settled_policy(const struct watch_settled *s);

/* The member "policy" of suture-record/1: each figure, and who said it. */
void watch_settled_json(const struct watch_settled *s, struct json *j);

#endif

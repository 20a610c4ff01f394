/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The switch: all threads stopped, nobody in code that must not change, all sites written, all
 * threads go on. What is slow was done before. What goes wrong before the first site is written
 * leaves everything as it was.
 */
#ifndef SUTURE_HOTPATCH_SWITCH_H
#define SUTURE_HOTPATCH_SWITCH_H

#include "hotpatch/process.h"
#include "hotpatch/site.h"
#include "hotpatch/stack.h"

struct switch_site {
	uint64_t address;
	uint8_t from[SITE_JUMP]; /* must be there */
	uint8_t gate[SITE_JUMP]; /* on the way, if all sites have one */
	uint8_t to[SITE_JUMP];
};

struct switching {
	VEC(struct switch_site) sites;
	bool gated;	  /* through gates: all sites to theirs, the flag, all to what they get */
	uint64_t flag_at; /* its address */
	uint8_t flag;	  /* what it becomes */
	VEC(struct stack_range) ranges; /* where nobody may be; made apart by switch_run() */
	const struct patches *patches;	/* that are there: calls of them may be timed; or NULL */
	double stop_seconds;		/* that one stop may take to gather all threads */
	double patience; /* seconds that it is tried for, while somebody is in a range */
	/* Results. */
	double longest, total; /* seconds that it was stopped for */
	unsigned int stops;
	size_t threads;
	bool late; /* in the last stop a thread came too late: now it is here */
};

/*
 * ERROR_PENDING: somebody was in a range until the end of patience, or did not stop; names the
 * thread and the function. 'wrote': a site may have been written, though an error came. 'dirty':
 * the calling thread must end before anything else is done (stop.h).
 */
struct error *switch_run(struct opened *o, struct switching *sw, bool *wrote,
			 bool *dirty) __must_check;
void switch_free(struct switching *sw);
#define __cleanup_switch __cleanup(switch_free)

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bundle's fix in the processes of this host: which they are, which of them have it, and why the
 * others don't. What is told is read back from the processes each time, never remembered.
 *
 * A program and its libraries may be several parts of one fix: a process has it if it has it in
 * every part that it has mapped, and one in which a part fails gets none of them.
 */
#ifndef SUTURE_FLOW_PROCESS_PATCH_H
#define SUTURE_FLOW_PROCESS_PATCH_H

#include "bundle/bundle.h"
#include "hotpatch/hotpatch.h"

/* In place of a module's name, in the ledger: no module can be called so. */
#define PROCESS_MODULE "(processes)"

enum process_has {
	PROCESS_HAS_NOT,
	PROCESS_HAS,	  /* every site leads to the new code */
	PROCESS_HAS_PART, /* a manager was killed there */
	PROCESS_MEASURED, /* it has the old code, whose calls are timed */
	PROCESS_HAS_LOST, /* a site has bytes that suture did not write */
};

/* One load of one file in one process. */
struct process_row {
	struct process process;
	size_t part;
	enum process_has has;
	bool counting;	   /* its calls are counted just now, or a manager was killed meanwhile */
	uint64_t calls;	   /* that were counted */
	size_t called;	   /* functions of it that they were of */
	bool covered;	   /* a later patch has some of its functions */
	uint64_t since;	   /* seconds since 1970; 0: it does not have it */
	uint64_t code;	   /* where the new code lies; 0: likewise */
	struct error *why; /* what came of it when we last tried; NULL: nothing is known */
	/* Of all that was done to it, seconds. */
	double longest_stop, stopped;
	size_t threads;
	bool listed;
	bool learned; /* for welcome.h: which file it has mapped */
};

struct process_part {
	const struct bundle_payload *payload;
	struct hotpatch_object object;
};

struct process_patch {
	const char *name;		       /* the fix's, which is the patch's in a process */
	const struct bundle_names *supersedes; /* whose place it takes where they are */
	VEC(struct process_part) parts;
	VEC(struct process_row) rows; /* by part, then by pid */
	/* Whom process_patch_apply() leaves to others; or NULL. */
	bool (*leave)(const void *arg, pid_t pid);
	const void *leave_arg;
};

/* What the rows come to. */
struct process_counts {
	size_t all, have, lost, partial;
	size_t exercised; /* of those that have it: calls of it were counted */
	uint64_t calls;
	double longest_stop, stopped; /* seconds; of all that was done */
};

/* Whether the bundle is one for processes. ERROR_REFUSED: it is for both, which nothing can do. */
struct error *process_patch_is(const struct bundle *b, bool *out) __must_check;

/* The bundle must outlive it. */
struct error *process_patch_open(const struct bundle *b, struct process_patch *out) __must_check;
void process_patch_free(struct process_patch *p);
#define __cleanup_process_patch __cleanup(process_patch_free)

/* Find the processes, and read what they have. */
struct error *process_patch_look(struct process_patch *p) __must_check;
/* The same, and .why for all that could not be patched now. Nothing is stopped. */
struct error *process_patch_check(struct process_patch *p,
				  const struct hotpatch_options *o) __must_check;
/*
 * Until every process was tried, those that begin meanwhile too; then read back. With
 * options.count calls are counted for so many seconds, or until all functions were called in all
 * processes. Counting that a killed manager left on is ended, but with .timing_rate, where what
 * times goes on.
 */
struct error *process_patch_apply(struct process_patch *p,
				  const struct hotpatch_options *o) __must_check;
/*
 * To these alone, which were stopped before they ran a line of the file: no other process is looked
 * at. Their rows are added, or replaced.
 */
struct error *process_patch_give(struct process_patch *p, const pid_t *pids, size_t n,
				 const struct hotpatch_options *o) __must_check;
/*
 * Time the calls of the old code (hotpatch_measure()): process_patch_apply() with the same
 * .timing_rate goes on with those of the new, in those where it could be done; .why has the others'
 * reason. 'n': in how many.
 */
struct error *process_patch_measure(struct process_patch *p, const struct hotpatch_options *o,
				    size_t *n) __must_check;
/* Neither counts nor times any more. */
struct error *process_patch_settle(struct process_patch *p,
				   const struct hotpatch_options *o) __must_check;
/* From all that have it, in whole or in part. */
struct error *process_patch_revert(struct process_patch *p,
				   const struct hotpatch_options *o) __must_check;

/* "exercised in 2 (48 calls)", "not exercised". */
struct error *process_counts_print(const struct process_counts *n, struct strbuf *out) __must_check;

void process_patch_count(const struct process_patch *p, struct process_counts *out);
/* The first process that does not have it (or still has it: 'want'), as "redis-server (412): why".
 */
struct error *process_patch_first(const struct process_patch *p, bool want,
				  struct strbuf *out) __must_check;

/* An array of one object for each row. */
void process_patch_json(const struct process_patch *p, struct json *j, const char *key);
struct error *process_patch_evidence(const struct process_patch *p,
				     struct strbuf *out) __must_check;
/* A table. */
struct error *process_patch_print(const struct process_patch *p, struct strbuf *out) __must_check;

const char *process_has_name(enum process_has has);

#endif

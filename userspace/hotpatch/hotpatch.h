/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fixes for running processes: find those that run a file, say what stands in the way, make a
 * hotpatch object live in them, take it back, and tell what is live.
 *
 * Nothing is needed from the process: no library of ours, no symbols, no cooperation. It gets one
 * mapping near the file's code and a five-byte jump in each function that is replaced. All threads
 * are stopped once, for the time that it takes to look at their stacks and write the jumps.
 *
 * Several functions switch together, but for a manager that is killed between two writes: then
 * some are new and some old until hotpatch_apply(), hotpatch_revert() or hotpatch_settle() is
 * called, which undoes an apply and finishes a revert. A patch of one function is never in
 * between.
 *
 * A process that was forked or has begun after process_find() is not in its list: find again until
 * there is nothing new. One that was forked in the middle of an apply has what its parent had.
 *
 * Knowledge of bundles, ledger and policy is with the callers.
 */
#ifndef SUTURE_HOTPATCH_HOTPATCH_H
#define SUTURE_HOTPATCH_HOTPATCH_H

#include "hotpatch/header.h"
#include "hotpatch/memory.h"
#include "hotpatch/object.h"
#include "hotpatch/process.h"
#include "hotpatch/timing.h"

struct hotpatch_options {
	double stop_seconds; /* that all threads may take to stop; 0: 0.03; longer if tried again */
	double patience;     /* that a switch is tried for; 0: 2 s */
	unsigned int jobs;   /* processes at a time; 0: one for each CPU */
	double count;	     /* apply: > 0: calls are counted, until hotpatch_settle() is called */
	uint64_t timing_rate; /* measure, and apply after it: timing_rate(); 0: nothing is timed */
	bool perf_map;	      /* apply: name the new code in the profiler's map (perf_map.h) */
	const char *const *supersedes; /* apply, check: patches whose place it takes (takeover.h) */
	size_t n_supersedes;
	const struct memory_watch *watch; /* for tests; or NULL */
};

/* What came of one process. */
struct hotpatch_result {
	struct process process;
	struct error *error;	      /* NULL: done */
	double longest_stop, stopped; /* seconds: of one stop, and of all */
	unsigned int stops;
	size_t threads;
};

struct hotpatch_results {
	VEC(struct hotpatch_result) v; /* in the order of the processes */
};
void hotpatch_results_free(struct hotpatch_results *r);
#define __cleanup_hotpatch_results __cleanup(hotpatch_results_free)

/*
 * For all processes of the list, several at a time; each as a whole or not at all. The error
 * returned is only that of the machinery: what came of a process is in its result. Kinds there:
 * ERROR_NOTHING (already applied, not applied, has ended), ERROR_REFUSED (can't be, and why),
 * ERROR_PENDING (not now: a thread is in the way, by name).
 */
struct error *hotpatch_check(const struct hotpatch_object *o, const struct processes *list,
			     const struct hotpatch_options *options,
			     struct hotpatch_results *out) __must_check;
struct error *hotpatch_apply(const struct hotpatch_object *o, const struct processes *list,
			     const struct hotpatch_options *options,
			     struct hotpatch_results *out) __must_check;
/*
 * From here on calls of the old code are timed, and after hotpatch_apply() with the same
 * options.timing_rate those of the new; hotpatch_settle() ends it, and takes away what was not
 * applied. ERROR_REFUSED in a result: the calls can't be timed there, and why; apply works without.
 */
struct error *hotpatch_measure(const struct hotpatch_object *o, const struct processes *list,
			       const struct hotpatch_options *options,
			       struct hotpatch_results *out) __must_check;
struct error *hotpatch_revert(const uint8_t *build_id, unsigned int n, const char *fix,
			      const struct processes *list, const struct hotpatch_options *options,
			      struct hotpatch_results *out) __must_check;
/* Finish or undo what a manager left that was killed; end the counting of calls. */
struct error *hotpatch_settle(const uint8_t *build_id, unsigned int n, const struct processes *list,
			      const struct hotpatch_options *options,
			      struct hotpatch_results *out) __must_check;

enum hotpatch_state {
	HOTPATCH_LIVE,	   /* every site leads to the new code */
	HOTPATCH_REVERTED, /* none does; the code is still mapped */
	HOTPATCH_PARTIAL,  /* a manager was killed: settle */
	HOTPATCH_MEASURED, /* the old code runs, and is timed */
	HOTPATCH_LOST,	   /* a site has bytes that suture did not write */
};

struct hotpatch_live {
	struct process process;
	char fix[HEADER_FIX];
	enum hotpatch_state state;
	bool covered;		    /* a later patch has some of its functions */
	bool counting;		    /* sites lead through the stubs that count */
	uint64_t calls;		    /* counted so far */
	uint64_t since;		    /* seconds since 1970 */
	uint64_t code;		    /* where the object's code lies in it */
	uint32_t functions, called; /* the latter of them, while it was counted */
};

struct hotpatch_lives {
	VEC(struct hotpatch_live) v;
};

/*
 * The times of each function of the fix's, in the object's order, 'n' of them; 'new': the new code
 * is what is timed. ERROR_NOTHING: the process has ended, or nothing of it is timed.
 */
struct error *hotpatch_times(const struct process *p, const uint8_t *build_id,
			     unsigned int build_id_n, const char *fix, struct timing_counts *out,
			     size_t n, bool *new) __must_check;

/* What the header pages and the text of the processes say; nothing is stopped or changed. */
struct error *hotpatch_status(const uint8_t *build_id, unsigned int n, const struct processes *list,
			      struct hotpatch_lives *out) __must_check;

const char *hotpatch_state_name(enum hotpatch_state state);

#endif

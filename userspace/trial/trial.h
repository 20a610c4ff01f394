/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a fix to a verdict on many kernels:
 *
 *	subject_open()	a bundle, a diff, a folder
 *	trial_run()	a worker process for each kernel, some at a time; in each:
 *			build → plan (pure) → scenes: boot, phases
 *	verdict_of()	from results to a verdict (pure), report/ shows it
 *
 * A worker tells its parent each result as it comes (event.h) and dies with it: whatever kills
 * the parent, the worker unwinds, its guest goes, its temporary files go. A worker that
 * crashes costs one kernel's verdict.
 */
#ifndef SUTURE_TRIAL_TRIAL_H
#define SUTURE_TRIAL_TRIAL_H

#include "trial/judge.h"
#include "trial/matrix.h"
#include "trial/subject.h"

struct trial_options {
	const struct subject *subject;
	const struct trial_kernels *kernels;
	unsigned int jobs;	/* kernels at a time */
	unsigned int only;	/* bits 1 << enum scene; 0: all */
	const char *suture;	/* the program, for the guest */
	const char *keep;	/* NULL: what a bad trial leaves is kept in the cache */
	const char *reproducer; /* that was given beside the fix; or NULL */
};

/* One kernel's trial. */
struct trial {
	const struct trial_kernel *kernel;
	struct phase_results results;
	struct verdict verdict;
	const char *logs; /* folder; NULL: nothing is kept */
	double seconds;
	bool done;
	struct arena arena;
};

/*
 * Called for each result, for each kernel that is done (result NULL), and now and then while
 * nothing happens (t NULL).
 */
typedef struct error *trial_heard(void *arg, const struct trial *all, const struct trial *t,
				  const struct phase_result *result);

/*
 * Try it on all kernels; *out has kernels->v.n trials. What goes wrong on one is its verdict; an
 * error only if the user interrupts or nothing can be started.
 */
struct error *trial_run(const struct trial_options *opt, trial_heard *heard, void *arg,
			struct trial **out) __must_check;
void trial_free(struct trial **t, size_t n);

#endif

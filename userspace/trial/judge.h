/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the results of the phases to a verdict on a kernel, and to one on all. Pure. */
#ifndef SUTURE_TRIAL_JUDGE_H
#define SUTURE_TRIAL_JUDGE_H

#include "trial/phase.h"

enum verdict_kind {
	VERDICT_HEALTHY,
	VERDICT_NOTHING,      /* the diff changes no code here */
	VERDICT_REFUSED,      /* no patch can be made for it */
	VERDICT_INCONCLUSIVE, /* nothing bad was seen, and what should be shown was not */
	VERDICT_ERROR,	      /* the trial itself went wrong */
	VERDICT_FAILED,
	VERDICTS
};

struct verdict {
	enum verdict_kind kind;
	const char *cause;		   /* a word; NULL: healthy */
	const struct phase_result *result; /* that decides; NULL: healthy */
};

/*
 * The worst result decides, of equals the first: a panic and a hang before a failure, a failure
 * before what is inconclusive. Without any result it is an error.
 */
struct verdict verdict_of(const struct phase_results *r);
const char *verdict_name(enum verdict_kind k);

/*
 * Over all kernels, as an exit code: 0 if at least one is healthy and the others have no patch;
 * 5 failed, 1 the trial went wrong, 6 inconclusive, 4 refused (or no change) on all, 3 no change on
 * all.
 */
int verdict_exit_code(const enum verdict_kind *kinds, size_t n);

#endif

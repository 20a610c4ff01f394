/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a livepatch goes through on one kernel: phases, a row each, in this order. Phases of one
 * scene share a guest; each scene begins with a guest as it was after its boot.
 */
#ifndef SUTURE_TRIAL_PHASE_H
#define SUTURE_TRIAL_PHASE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"

enum phase {
	PHASE_BUILD,
	PHASE_BOOT,
	PHASE_BEFORE,
	PHASE_WATCH,
	PHASE_LOAD,
	PHASE_TRANSITION,
	PHASE_PROOF,
	PHASE_AFTER,
	PHASE_EXERCISED,
	PHASE_REVERT,
	PHASE_UNLOAD,
	PHASE_LOG,
	PHASE_AGAIN,
	PHASE_LEAK,
	PHASE_CYCLES,
	PHASE_REPLACE,
	PHASE_HOTPLUG,
	PHASE_RELOAD,
	PHASE_EARLY,
	PHASES
};

enum scene {
	SCENE_NONE,
	SCENE_LIFE,
	SCENE_LEAK,
	SCENE_CYCLES,
	SCENE_REPLACE,
	SCENE_HOTPLUG,
	SCENE_MODULE,
	SCENES
};

/* What came of a phase. */
enum outcome {
	OUTCOME_PASS,
	OUTCOME_SKIP,	      /* not tried, for the reason given */
	OUTCOME_FAIL,	      /* the patch did what it should not */
	OUTCOME_INCONCLUSIVE, /* tried, and nothing can be said */
	OUTCOME_PANIC,	      /* the guest's kernel died */
	OUTCOME_HANG,	      /* the guest does not answer any more */
	OUTCOME_REFUSED,      /* no patch for this kernel: suture build refused */
	OUTCOME_NOTHING,      /* the diff changes no code of this kernel */
	OUTCOME_ERROR,	      /* the trial itself went wrong */
	OUTCOMES
};

struct phase_row {
	const char *name;     /* of the result: "transition" */
	const char *sentence; /* what it shows if it passes */
	const char *cause;    /* what a verdict says if it does not: "transition" */
	enum scene scene;
};

struct phase_result {
	enum phase phase;
	enum outcome outcome;
	double seconds;
	const char *why; /* lines: why it is no pass; for a pass what was seen, or NULL */
};

struct phase_results {
	VEC(struct phase_result) v;
};

const struct phase_row *phase_row(enum phase p);
/* False if there is no phase of that name. */
bool phase_find(const char *name, enum phase *out);
const char *scene_name(enum scene s);
bool scene_find(const char *name, enum scene *out);
const char *outcome_name(enum outcome o);
bool outcome_find(const char *name, enum outcome *out);
/* Not a pass and not a skip. */
bool outcome_is_bad(enum outcome o);

#endif

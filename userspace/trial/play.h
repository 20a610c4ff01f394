/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A fix on one kernel, from the build to the last phase. */
#ifndef SUTURE_TRIAL_PLAY_H
#define SUTURE_TRIAL_PLAY_H

#include "trial/trial.h"

/* Called with each result as it comes; its strings live as long as the call. */
typedef struct error *play_tell(void *arg, const struct phase_result *r);

/*
 * Each phase gives exactly one result, also those that are not tried. An error only if the user
 * interrupts or a result can't be told.
 */
struct error *play(const struct trial_options *opt, const struct trial_kernel *k, const char *logs,
		   play_tell *tell, void *arg) __must_check;

#endif

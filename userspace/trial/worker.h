/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One kernel's trial, in a process of its own. */
#ifndef SUTURE_TRIAL_WORKER_H
#define SUTURE_TRIAL_WORKER_H

#include <sys/types.h>

#include "trial/trial.h"

struct worker {
	pid_t pid;    /* 0: none */
	int results;  /* lines of event.h */
	int messages; /* memory: what it printed besides */
};

/* 'logs' is the folder for what its guests leave. */
struct error *worker_start(const struct trial_options *opt, const struct trial_kernel *k,
			   const char *logs, struct worker *out) __must_check;
/* End it if it still runs (it has some seconds to tidy up), and close everything. */
void worker_end(struct worker *w);
#define __cleanup_worker __cleanup(worker_end)

#endif

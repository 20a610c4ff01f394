/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that apply, confirm, revert and force share, and how they tell what happens. */
#ifndef SUTURE_CLI_HOST_ARGS_H
#define SUTURE_CLI_HOST_ARGS_H

#include "flow/host.h"

struct host_args {
	struct host_request request;
	const char *what; /* the bundle or the patch */
	bool json, dry_run;
};

enum host_option {
	HOST_CONFIRM_WITHIN = 1,
	HOST_TIMEOUT = 2,
	HOST_WAIT = 4,
	HOST_REASON = 8,
	HOST_DRY_RUN = 16,
};

/* One word beside options; 'allowed' are enum host_option; --json always is. */
struct error *host_args_parse(int argc, char **argv, unsigned int allowed,
			      struct host_args *out) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that apply, confirm, revert and force share, and how they tell what happens. */
#ifndef SUTURE_CLI_HOST_ARGS_H
#define SUTURE_CLI_HOST_ARGS_H

#include <getopt.h>

#include "base/arena.h"
#include "base/vec.h"
#include "flow/host.h"

struct host_args {
	struct host_request request;
	const char *what; /* the bundle or the patch */
	bool json, dry_run;
	struct arena arena; /* of what --policy says */
	VEC(const char *) controls;
};
void host_args_free(struct host_args *a);
#define __cleanup_host_args __cleanup(host_args_free)

/* What apply has, and what the others have. */
extern const struct option host_apply_options[], host_patch_options[];

/* One word beside options, which are one of these tables. */
struct error *host_args_parse(int argc, char **argv, const struct option *options,
			      struct host_args *out) __must_check;

#endif

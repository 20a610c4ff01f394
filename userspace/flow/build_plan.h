/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is built, when a fix.yaml and options both have something to say: options of one value
 * win, those of many add to the file's.
 */
#ifndef SUTURE_FLOW_BUILD_PLAN_H
#define SUTURE_FLOW_BUILD_PLAN_H

#include "flow/build.h"

struct build_plan {
	struct build_options options; /* with all that the fix.yaml says; .facts is owned */
	char *name;
	VEC(char *) paths; /* of its diffs */
	VEC(const char *) patches;
	VEC(struct build_accept) accept;
	VEC(const char *) on_stack;
	struct strbuf yaml, reproducer; /* the files as they are, for the bundle */
};

/*
 * ERROR_REFUSED if the fix is not for this target. What is borrowed by the options or is the
 * metadata's must outlive the plan.
 */
struct error *build_plan_make(const struct build_options *opt, struct build_plan *out) __must_check;
void build_plan_clear(struct build_plan *p);

#endif

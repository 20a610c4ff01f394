/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last step of a build: everything that is known goes into the bundle. */
#ifndef SUTURE_FLOW_BUILD_WRITE_H
#define SUTURE_FLOW_BUILD_WRITE_H

#include "flow/build_plan.h"

/* The diffs, the fix's folder, and what people say about it: the same whatever it is for. */
struct error *build_describe(const struct build *b, const struct build_plan *plan,
			     struct bundle *to) __must_check;

/* Write b->out from the linked module, whole or not at all; sets b->out_size. */
struct error *build_write(struct build *b, const struct build_plan *plan,
			  const char *module_path) __must_check;

#endif

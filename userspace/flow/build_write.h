/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last step of a build: everything that is known goes into the bundle. */
#ifndef SUTURE_FLOW_BUILD_WRITE_H
#define SUTURE_FLOW_BUILD_WRITE_H

#include "flow/build_plan.h"

/* Write b->out from the linked module, whole or not at all; sets b->out_size. */
struct error *build_write(struct build *b, const struct build_plan *plan,
			  const char *module_path) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bundle of a build for processes. */
#ifndef SUTURE_FLOW_PROCESS_WRITE_H
#define SUTURE_FLOW_PROCESS_WRITE_H

#include "flow/build_plan.h"
#include "flow/process_build.h"

/* Write it to b->base.out whole or not at all. */
struct error *process_write(struct process_build *b, const struct build_plan *plan) __must_check;

/* Why a redirected function is, or NULL. */
const struct delta_item *process_reason(const struct process_build *b, const struct process_file *f,
					const struct hotpatch_account_function *function);

#endif

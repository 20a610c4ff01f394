/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two ways to look at all tasks: private to this folder. */
#ifndef SUTURE_LIVEPATCH_BLOCKERS_WORK_H
#define SUTURE_LIVEPATCH_BLOCKERS_WORK_H

#include "livepatch/blockers.h"

#define BLOCKER_DEPTH 64

/* Add the task if the query asks for it; .pinned is set here. Takes over b's stack. */
struct error *blockers_consider(const struct blockers_query *q, struct blocker *b,
				struct blockers *out) __must_check;

struct error *blockers_from_proc(const struct blockers_query *q, struct blockers *out) __must_check;
/* An error where the kernel has no task iterator, or keeps BPF closed; *out is as before then. */
struct error *blockers_from_bpf(const struct blockers_query *q, struct blockers *out) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tasks that a livepatch waits for, with the functions from sysfs as what pins them. */
#ifndef SUTURE_FLOW_HOST_BLOCKERS_H
#define SUTURE_FLOW_HOST_BLOCKERS_H

#include "livepatch/blockers.h"
#include "livepatch/live.h"

/*
 * Of a patch in transition: who is not switched yet. Of one that is settled: who is inside of one
 * of its functions, and would keep a revert waiting.
 */
struct error *host_blockers(const struct live_patch *p, bool only_proc,
			    struct blockers *out) __must_check;

/*
 * The same of a module's patch, if it is there, as text: a line for each of the first few, without
 * a newline at the end. "": nobody is in its way.
 */
struct error *host_blockers_tell(const char *module, struct blockers *b,
				 struct strbuf *text) __must_check;

/* A line for each, with why; with 'stacks' its stack below it. */
struct error *host_blockers_print(const struct blockers *b, bool stacks, size_t most,
				  struct strbuf *out) __must_check;

#endif

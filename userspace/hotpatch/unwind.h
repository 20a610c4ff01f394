/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames of a stopped thread, by the call frame information of what it has mapped: to tell a
 * return address from the trace of one that is gone. Slow (milliseconds at first), so it is asked
 * only about what a scan has found (stack.h).
 *
 * Knowledge: DWARF 5, section 6.4; libdwfl.h.
 */
#ifndef SUTURE_HOTPATCH_UNWIND_H
#define SUTURE_HOTPATCH_UNWIND_H

#include "hotpatch/process.h"
#include "hotpatch/stack.h"

struct unwind;

/* Before the stop: opens the files that are mapped to be executed. */
struct error *unwind_open(const struct opened *o, struct unwind **out) __must_check;
void unwind_close(struct unwind **u);
#define __cleanup_unwind __cleanup(unwind_close)

/*
 * Whether the thread has certainly no frame in any of the ranges: all frames up to its beginning
 * could be followed, and none is. A false proves nothing. 'calls': return addresses that are not
 * on the stack (timing.h), or NULL.
 */
bool unwind_is_outside(struct unwind *u, const struct stopped_thread *t,
		       const struct timing_calls *calls, const struct stack_range *v, size_t n);

#endif

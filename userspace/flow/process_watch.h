/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fix's functions in the processes of this host under watch, as a source of readings for a vigil:
 * calls are timed in the processes themselves (hotpatch/timing.h), the old code's before the patch
 * and then the new; how processes end comes from the host's probes (probe/health.h).
 *
 * What is added up is what each process's counters grew by, so that one that ends takes nothing
 * away, and one that is forked brings nothing of its parent's.
 */
#ifndef SUTURE_FLOW_PROCESS_WATCH_H
#define SUTURE_FLOW_PROCESS_WATCH_H

#include "flow/process_patch.h"
#include "flow/vigil.h"

struct process_watch;

/*
 * Time the old code in all processes that allow it. ERROR_REFUSED: no process has the file mapped.
 * '*timed': in how many it could be done; 'why': the reason of the first where not. The patch must
 * outlive the watch.
 */
struct error *process_watch_begin(struct process_patch *p, double interval,
				  struct process_watch **out, size_t *timed,
				  struct strbuf *why) __must_check;
/* What process_patch_apply() needs to go on with it: options.timing_rate. */
uint64_t process_watch_rate(const struct process_watch *w);
/* The vigil on it; the watch must outlive that. */
struct error *process_watch_vigil(struct process_watch *w, const struct vigil_wish *wish,
				  struct vigil **out) __must_check;
/* The patch is live in those that have it now: who loses it, or ends badly, has lost it. */
void process_watch_live(struct process_watch *w);
/* Nothing is timed any more. */
void process_watch_end(struct process_watch **w);
#define __cleanup_process_watch __cleanup(process_watch_end)

#endif

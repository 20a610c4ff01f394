/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a patch's own code is to blame for, from before it is loaded: bytes that it holds, warnings,
 * processes that it ended. Part of the watcher's process: it attaches and reads there.
 */
#ifndef SUTURE_FLOW_OWN_WATCH_H
#define SUTURE_FLOW_OWN_WATCH_H

#include "flow/own_code.h"
#include "probe/blame.h"
#include "probe/leak.h"

struct own_reading {
	struct leak_reading leak;
	struct blame_reading blame;
	bool loaded; /* the new code's places are known */
};

struct own_watch {
	const struct own_code *code;
	struct leak *leak;
	struct blame *blame;
	bool loaded, lost;
};

/* Attached to the old code. What this kernel has not is not known, and no error. */
struct error *own_watch_open(const struct own_code *code, struct own_watch *out) __must_check;
/*
 * The first reading after the module is there also takes its code in. 'calls' of the functions were
 * seen so far, old and new.
 */
struct error *own_watch_read(struct own_watch *w, uint64_t calls,
			     struct own_reading *out) __must_check;
void own_watch_close(struct own_watch *w);
#define __cleanup_own_watch __cleanup(own_watch_close)

#endif

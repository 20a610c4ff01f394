/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what was read to what it means. Pure: no I/O, no clock. */
#ifndef SUTURE_PROBE_DECIDE_H
#define SUTURE_PROBE_DECIDE_H

#include <stdio.h>

#include "probe/hooks.h"
#include "probe/kprobe.h"
#include "probe/patch_state.h"
#include "probe/proof.h"
#include "probe/site.h"

struct observation {
	struct patch_state patch;
	const char *other_patch; /* another enabled patch that replaces the function; or NULL */

	bool site_known; /* the running text could be read */
	struct site site;
	bool leads_to_bpf; /* its destination is a BPF trampoline itself, not ftrace's */
	struct hooks hooks;
	bool hooks_known;

	struct proof_count count;
	enum kprobe_state old_probe;
	bool new_watched;  /* a probe sits on the new function */
	bool uncounted;	   /* nothing was attached: only the structure is asked for */
	bool mark_settled; /* the transition was over when the counts began */
};

struct decision {
	enum proof_state state;
	char trouble[192]; /* why, or what could not be known; "" */
};

struct decision proof_decide(const struct observation *o);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is done to one process, each in a thread that ends after it (stop.h). Internal to the
 * hotpatch part; hotpatch.h is its face.
 *
 * The order that makes a kill of the manager harmless at any point:
 *
 *	1. map and, under the cover of the stub, write the header: APPLYING. No site has a jump;
 *	   who finds this unmaps it.
 *	2. fill the parts, stop, write the sites. A manager that is killed in between leaves some
 *	   functions new and some old, each one whole; the next one puts the old bytes back.
 *	3. write the state: APPLIED. Until then the text itself says that it is.
 *
 * Where calls are counted, the sites lead through stubs first (count.h), and are made bare in a
 * stop of their own. Both are right: a manager that is killed leaves the counting on, in some or
 * all, and the next one ends it.
 *
 * Where both sides of a patch are to be timed, the sites lead through stubs to the old code first:
 * MEASURING. The switch is then the flag alone (timing.h). A manager that is killed before it
 * leaves the old code, behind it the new, and both timed; the next one puts the old bytes back.
 *
 * A revert is the same backwards, with REVERTING as the state; it is finished, never taken back.
 */
#ifndef SUTURE_HOTPATCH_PATCHING_H
#define SUTURE_HOTPATCH_PATCHING_H

#include "hotpatch/hotpatch.h"
#include "hotpatch/patch.h"
#include "hotpatch/process.h"
#include "hotpatch/switch.h"

/* One process, open, with what is known of it. */
struct patching {
	struct opened opened;
	struct patches patches;
	const struct hotpatch_options *options;
	struct switching sw;
	bool dirty; /* the thread must end */
};
void patching_close(struct patching *a);
#define __cleanup_patching __cleanup(patching_close)

struct error *patching_open(const struct process *p, const uint8_t *build_id, unsigned int n,
			    const struct hotpatch_options *options,
			    struct patching *out) __must_check;

/* Finish or undo what a killed manager left. */
struct error *patching_settle(struct patching *a) __must_check;

/* switch_run() with what a.sw has; calls of all patches there are known to it. */
struct error *patching_switch(struct patching *a, bool *wrote) __must_check;

/* Calls are no longer counted, nor timed: the sites lead directly to the new code. */
struct error *patching_end_count(struct patching *a, const struct patch *p) __must_check;

/*
 * Nobody may be in the code that a patch has brought, but for functions that may stay: neither in
 * what the compiler has put apart from them, nor in what they call. 'own': it is the patch that is
 * switched: who is in the stubs that time has yet to come to its gates, which then lead him right.
 */
struct error *patching_forbid_code(struct patching *a, const struct header *h,
				   bool own) __must_check;

/* Put the bytes from before back for one patch, whatever state it is in. */
struct error *patching_put_back(struct patching *a, const struct patch *p) __must_check;

/*
 * All but the switch, and the sites lead to the old code through what times it. patching_apply()
 * then switches, and goes on timing; what ends it otherwise is patching_settle().
 */
struct error *patching_measure(struct patching *a, const struct hotpatch_object *o) __must_check;
struct error *patching_apply(struct patching *a, const struct hotpatch_object *o) __must_check;
struct error *patching_revert(struct patching *a, const char *fix) __must_check;
/* All that apply would refuse, with nothing changed. */
struct error *patching_check(struct patching *a, const struct hotpatch_object *o) __must_check;

#endif

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
 * A revert is the same backwards, with REVERTING as the state; it is finished, never taken back.
 */
#ifndef SUTURE_HOTPATCH_ACT_H
#define SUTURE_HOTPATCH_ACT_H

#include "hotpatch/hotpatch.h"
#include "hotpatch/patch.h"
#include "hotpatch/process.h"
#include "hotpatch/switch.h"

/* One process, open, with what is known of it. */
struct act {
	struct opened opened;
	struct patches patches;
	const struct hotpatch_options *options;
	struct switching sw;
	bool dirty; /* the thread must end */
};
void act_close(struct act *a);
#define __cleanup_act __cleanup(act_close)

struct error *act_open(const struct process *p, const uint8_t *build_id, unsigned int n,
		       const struct hotpatch_options *options, struct act *out) __must_check;

/* Finish or undo what a killed manager left. */
struct error *act_settle(struct act *a) __must_check;

/* Put the bytes from before back for one patch, whatever state it is in. */
struct error *act_put_back(struct act *a, const struct patch *p) __must_check;

struct error *act_apply(struct act *a, const struct hotpatch_object *o) __must_check;
struct error *act_revert(struct act *a, const char *fix) __must_check;
/* All that apply would refuse, with nothing changed. */
struct error *act_check(struct act *a, const struct hotpatch_object *o) __must_check;

#endif

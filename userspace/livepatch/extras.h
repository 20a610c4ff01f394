/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a fix's own C says by suture/patch.h: callbacks and states. Their records are read from
 * the extracted objects here and written anew, by object, into the module (records.h).
 */
#ifndef SUTURE_LIVEPATCH_EXTRAS_H
#define SUTURE_LIVEPATCH_EXTRAS_H

#include "livepatch/livepatch.h"
#include "livepatch/merge.h"
#include "livepatch/records.h"

struct extras {
	VEC(struct record_set) sets;	 /* in the order of the parts */
	VEC(struct record_state) states; /* each ID once, in its highest version */
};

/*
 * Append a part's. 'in' is where it went. ERROR_REFUSED, naming the source, where a callback is
 * not a function of the fix itself, or a record makes no sense.
 */
struct error *extras_read(const struct livepatch_part *p, const struct merge_input *in,
			  struct extras *out) __must_check;
void extras_free(struct extras *e);

/* "pre_patch"; for messages and the account. */
const char *extras_callback_name(enum record_callback c);

#endif

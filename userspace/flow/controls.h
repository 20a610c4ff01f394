/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Functions to compare a patched one with: what its code calls, that the patch does not change, and
 * that is called now. They see the same load.
 */
#ifndef SUTURE_FLOW_CONTROLS_H
#define SUTURE_FLOW_CONTROLS_H

#include "base/vec.h"
#include "bundle/bundle.h"
#include "probe/watch.h"

struct controls {
	VEC(struct watch_function) v; /* names are the payload's */
};

/*
 * Each candidate is attached to for a moment, in a process of its own (prober.h); at most three of
 * those that are called often, and not too often to be cheap. None is no error.
 */
struct error *controls_choose(const struct bundle_payload *p, struct controls *out) __must_check;

/* Pure: of 'n' candidates with so many calls a second (negative: can't be attached to) the indices
 * of those chosen, the most called first; how many. */
size_t controls_pick(const double *rate, size_t n, size_t *chosen, size_t most);

#endif

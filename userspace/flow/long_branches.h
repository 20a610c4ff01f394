/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Units whose new code branches on a module's static key where there is no room for a test. */
#ifndef SUTURE_FLOW_LONG_BRANCHES_H
#define SUTURE_FLOW_LONG_BRANCHES_H

#include "flow/build.h"

/*
 * Once all units are bound: build such units again with longer branches, judge what is found
 * in them as before, and go on with these builds, bound to where the first ones were.
 */
struct error *lengthen_branches(struct build *b, const struct build_options *opt) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the guest's agent says of a transition that does not end. Pure. */
#ifndef SUTURE_TRIAL_BLOCKERS_H
#define SUTURE_TRIAL_BLOCKERS_H

#include "bundle/bundle.h"

/*
 * From "task TID COMM" and "at FUNCTION+OFFSET/SIZE" lines to sentences, a task each: "kswapd0
 * (task 41) is in kswapd", then its stack, indented. The function that pins it is the first on
 * its stack that the patch redirects (or, without one, only the stack is told).
 */
struct error *blockers_explain(const char *said, const struct bundle_payload *p,
			       struct strbuf *out) __must_check;

#endif

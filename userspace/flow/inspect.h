/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Does a bundle's manifest tell the truth about what is in it? */
#ifndef SUTURE_FLOW_INSPECT_H
#define SUTURE_FLOW_INSPECT_H

#include "bundle/bundle.h"
#include "flow/admit.h"

/*
 * Compare each module with what the manifest says about it: name, kernel, build-id, the
 * functions it redirects with their sizes, every symbol it refers to, callbacks, states, and
 * whether it replaces others; and that its debug information belongs to it. ERROR_FAILED
 * names the first thing that does not agree.
 */
struct error *inspect_check(const struct bundle *b) __must_check;

/*
 * The whole bundle for a person, on lines of at most 'width' characters where that is possible;
 * with what this host makes of its signatures, or, if that can't be told (NULL), why.
 */
struct error *inspect_print(const struct bundle *b, const char *path, const struct judgement *j,
			    const char *unjudged, size_t width, struct strbuf *out) __must_check;

#endif

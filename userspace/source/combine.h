/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several diffs, each made on top of those before it, as one: for a cumulative fix. A file
 * that one diff changes keeps its hunks; one that several change gets one hunk for all of it.
 */
#ifndef SUTURE_SOURCE_COMBINE_H
#define SUTURE_SOURCE_COMBINE_H

#include "source/diff.h"
#include "source/target.h"

struct combine_input {
	const char *name; /* for messages */
	const struct diff *diff;
};

/*
 * Append the combined diff to 'out'. ERROR_FAILED, naming the diff, the file, the hunk, and the
 * diffs that changed the file before, if one does not apply on top of the others.
 */
struct error *combine_diffs(const struct target *t, const struct combine_input *in, size_t n,
			    struct strbuf *out) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the name of a file in a diff says, and its text with the fix. */
#ifndef SUTURE_SOURCE_TOUCHED_H
#define SUTURE_SOURCE_TOUCHED_H

#include "source/diff.h"
#include "source/target.h"

/* ERROR_REFUSED for files that say how a kernel is configured or built. Pure. */
struct error *touched_check(const struct diff_file *f) __must_check;
/* Is it no part of any x86-64 kernel build (documentation, tests, other architectures)? Pure. */
bool touched_is_ignored(const char *path);

/*
 * Why such a source could not be fixed if it is in no unit ("is boot code: ..."); NULL. Pure.
 * 'runs': it is a part of the kernel all the same, so that a fix without it is not whole.
 */
const char *touched_outside(const char *path, bool *runs);

/* The file's text with the fix; empty for a deleted one, all of which the diff must have. */
struct error *touched_patch(const struct target *t, const struct diff_file *f,
			    struct strbuf *out) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel code that travels inside suture as source, compiled for a target the way its kbuild
 * compiles modules from outside of the tree (make M=FOLDER). Compiled once, then kept under the
 * target's folder by the digest of its source and of the compiler.
 */
#ifndef SUTURE_LIVEPATCH_EXTERNAL_H
#define SUTURE_LIVEPATCH_EXTERNAL_H

#include "base/error.h"
#include "source/target.h"

struct external_source {
	const char *name, *text;
};

struct external {
	const char *kind; /* of the folder in the target's */
	const char *what; /* for people: "the module glue" */
	const struct external_source *sources;
	size_t n;
};

/*
 * *path: where 'file' of it is, made if it is not there yet. 'goal' is what make is asked for: the
 * file itself, or "modules". Free with free().
 */
struct error *external_make(const struct target *t, const struct external *x, const char *goal,
			    const char *file, char **path) __must_check;

#endif

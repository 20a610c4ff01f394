/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Running the compilers: each object before and after the fix. */
#ifndef SUTURE_SOURCE_BUILD_PAIR_H
#define SUTURE_SOURCE_BUILD_PAIR_H

#include "base/error.h"
#include "source/shadow.h"
#include "source/target.h"

/* One object to compile, twice. */
struct build_pair {
	const char *source, *object; /* for messages */
	const char *command;	     /* of the kernel's makefiles */
	const char *before, *after;  /* where the objects go; their folders are there */
	const char *depfile;	     /* of the compile after */
	/*
	 * Or NULL: a folder whose headers come before all others, which debug information calls
	 * include_as. The object before is then not the target's own, and not cached.
	 */
	const char *include, *include_as;
};

struct build_result {
	double compile_seconds; /* wall time while at least one compiler was running */
	size_t n_cached;
};

/*
 * Compile 'before' in the target's tree (or take it from the cache) and 'after' in the shadow,
 * side by side, then run objtool on both, unless they are the same bytes already. 'scratch' is for
 * temporary files and must be below the workspace. Compiler errors of 'after' are the fix's:
 * ERROR_FAILED that quotes them.
 */
struct error *build_pairs(const struct target *t, const char *shadow, const char *scratch,
			  const struct build_pair *pairs, size_t n, unsigned int jobs,
			  struct build_result *out) __must_check;

#endif

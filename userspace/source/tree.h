/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A maintainer's kernel tree as a target: "tree:PATH", where PATH is a configured source tree
 * or the build folder of one (make O=PATH). What is needed of it is copied, source and build
 * folder into one tree, so the maintainer's own is only ever read; what the build of the copy
 * still lacks (generated headers, objtool) is made there.
 *
 * The kernel that runs is the one whose vmlinux or bzImage, and whose .ko files, lie in the
 * build folder. Whether they were really built from the source as it is now is not asked of
 * dates: matching will tell.
 */
#ifndef SUTURE_SOURCE_TREE_H
#define SUTURE_SOURCE_TREE_H

#include "source/mirror.h"
#include "source/target.h"

/* Where it is from. */
struct tree_origin {
	char *source; /* absolute */
	char *build;  /* NULL: built in the source itself */
};

/* Is it one, or the folder one is built in? Else it may be a folder of modules. */
bool tree_is(const char *path);
/* ERROR_USAGE or ERROR_FAILED, with advice, if PATH is no kernel tree or not configured. */
struct error *tree_find(const char *path, struct tree_origin *out) __must_check;
void tree_origin_free(struct tree_origin *o);
#define __cleanup_tree_origin __cleanup(tree_origin_free)

/* Copy into dir/tree what is new or different; sources and what a build made. */
struct error *tree_copy(const struct tree_origin *o, const char *dir,
			struct mirror_changes *changes) __must_check;
/* dir/modules and dir/vmlinuz likewise; *image changes if vmlinux did. */
struct error *tree_copy_built(const struct tree_origin *o, const char *dir, const char *release,
			      struct mirror_changes *modules, bool *has_image) __must_check;

/* Of a file's name: is it made by a build, and of no use for another one, or big? */
bool tree_is_product(const char *base);
/* A module or kernel without its debug information. */
struct error *tree_copy_stripped(const char *from, const char *to) __must_check;

/*
 * The compiler of t->compiler_text, by asking the likely commands for their version; sets
 * t->compiler. ERROR_REFUSED if none here is it.
 */
struct error *tree_find_compiler(struct target *t) __must_check;

/*
 * In dir/tree, make what the survey and single objects need: syncconfig, generated headers,
 * host programs. Does nothing where a build did it. 'variables' are make's ("CC=clang").
 */
struct error *tree_prepare(const char *dir, const char *const *variables) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a diff to two builds of each object it touches. The target's tree is not written
 * to: the build with the fix runs in a shadow, a folder of symbolic links into the tree in
 * which only the touched files and the folders above them are real.
 */
#ifndef SUTURE_SOURCE_COMPILE_H
#define SUTURE_SOURCE_COMPILE_H

#include "source/target.h"

/* One translation unit that the diff touches. */
struct unit {
	char *source;	      /* "fs/proc/cmdline.c" */
	char *object;	      /* "fs/proc/cmdline.o" */
	char *module;	      /* livepatch object: "vmlinux", or the module's name with '_' */
	char *module_path;    /* the shipped .ko in the target; NULL for vmlinux */
	char *before, *after; /* the two objects, in the workspace */
	char *command;	      /* of the kernel's makefiles, that compiles it */
};

struct workspace {
	VEC(struct unit) units;
	VEC(char *) ignored;	/* files of the diff that are no part of any kernel build here */
	double compile_seconds; /* wall time while at least one compiler was running */
	size_t n_cached;	/* before objects that were there already */
	struct tmpdir *private;
};

/*
 * Apply the diff (ERROR_FAILED with file and hunk if it does not apply), find the units
 * (ERROR_REFUSED for headers, assembly, files not compiled in this configuration), compile
 * them before and after, in parallel, with function and data sections; run objtool on them
 * where the kernel's makefiles do. 'jobs' 0: one for each CPU. The objects' bytes do not
 * depend on the workspace's place. ERROR_NOTHING if the diff touches only ignored files.
 */
struct error *workspace_build(const struct target *t, const char *patch_path, unsigned int jobs,
			      struct workspace **out) __must_check;
void workspace_free(struct workspace **w);
#define __cleanup_workspace __cleanup(workspace_free)

#endif

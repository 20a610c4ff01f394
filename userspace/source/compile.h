/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a diff to two builds of each object it touches. The target's tree is not written
 * to: each build runs in a shadow, a folder of symbolic links into the tree in which only
 * the touched files and the folders above them are real.
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
};

struct workspace {
	VEC(struct unit) units;
	double compile_seconds; /* the compiler's critical path, for the account of time */
	struct tmpdir *private;
};

/*
 * Apply the diff (ERROR_FAILED with file and hunk if it does not apply), find the units
 * (ERROR_REFUSED for headers, assembly, files not compiled in this configuration), compile
 * them before and after, in parallel, with function and data sections. 'jobs' 0: one for each CPU.
 */
struct error *workspace_build(const struct target *t, const char *patch_path, unsigned int jobs,
			      struct workspace **out) __must_check;
void workspace_free(struct workspace **w);
#define __cleanup_workspace __cleanup(workspace_free)

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a diff to two builds of each object it touches. The target's tree is not written
 * to: the build with the fix runs in a shadow, a folder of symbolic links into the tree in
 * which only the touched files and the folders above them are real.
 */
#ifndef SUTURE_SOURCE_COMPILE_H
#define SUTURE_SOURCE_COMPILE_H

#include <stdbool.h>

#include "source/target.h"

/* One translation unit that the diff touches. */
struct unit {
	char *source;	      /* "fs/proc/cmdline.c" */
	char *object;	      /* "fs/proc/cmdline.o" */
	char *module;	      /* livepatch object: "vmlinux", or the module's name with '_' */
	char *module_path;    /* the shipped .ko in the target; NULL for vmlinux */
	char *before, *after; /* the two objects, in the workspace */
	char *command;	      /* of the kernel's makefiles, that compiles it */
	const char *outside;  /* it is part of no object that can be patched: "is mapped ..."; or
				 NULL. Its module is empty, and it must not change */
};

/* Called for each unit when its objects are there; those not kept go, with their objects. */
struct workspace_judge {
	struct error *(*judge)(void *arg, const struct unit *u, bool *keep);
	void *arg;
};

struct workspace {
	VEC(struct unit) units;
	VEC(char *) ignored;	/* files of the diff that are no part of this kernel */
	double compile_seconds; /* wall time while at least one compiler was running */
	size_t n_cached;	/* before objects that were there already */
	struct tmpdir *private;
};

/*
 * Apply the diff (ERROR_FAILED with file and hunk if it does not apply); find the units, of
 * touched headers all that may include them; leave out those that can't differ; compile the
 * rest before and after, in parallel, with function and data sections; run objtool on them
 * where the kernel's makefiles do. A few at a time: each unit is judged when it is made, and
 * only those that are kept (all without a judge) take room. 'jobs' 0: one for each CPU. The
 * objects' bytes do not depend on the workspace's place.
 *
 * ERROR_REFUSED for makefiles, assembly that changes, code outside of vmlinux and modules.
 * ERROR_NOTHING if nothing of the diff is part of this kernel. What is left out of a diff is
 * told with log_info().
 */
struct error *workspace_build(const struct target *t, const char *patch_path, unsigned int jobs,
			      const struct workspace_judge *judge,
			      struct workspace **out) __must_check;
void workspace_free(struct workspace **w);
#define __cleanup_workspace __cleanup(workspace_free)

#endif

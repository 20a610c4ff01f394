/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A shadow of a tree: symbolic links into it, and real folders only on the way to the files
 * that differ. Compiled in its root, a source file has the same relative name, and its
 * includes the same, as in the tree; the tree is not touched.
 */
#ifndef SUTURE_SOURCE_SHADOW_H
#define SUTURE_SOURCE_SHADOW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct shadow_file {
	const char *path; /* plain, relative to the tree's root */
	const char *text; /* NULL: there is no such file */
	size_t n;
};

/*
 * Make the shadow of 'tree' in the new folder 'dir'. 'ways' are paths, spelled with ".." or
 * not, all of whose folders must be real, for ".." to lead where the shadow's files are.
 */
struct error *shadow_make(const char *tree, const char *dir, const struct shadow_file *files,
			  size_t n_files, const char *const *ways, size_t n_ways) __must_check;

/*
 * Check what a compiler run in the shadow has read, by its dependency file (make's syntax):
 * ERROR_FAILED if the tree's own version of one of the files was among it. used[i] becomes
 * true where the shadow's version of files[i] was read.
 */
struct error *shadow_check(const char *tree, const char *dir, const struct shadow_file *files,
			   size_t n_files, const char *depfile, bool *used) __must_check;

#endif

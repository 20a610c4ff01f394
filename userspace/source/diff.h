/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unified diffs, as diff -u and git write them, with one folder before each path (a/, b/ or
 * the names of two trees: patch -p1). Read strictly: the diff may come from anywhere, and
 * what it says goes into a running kernel.
 *
 * Refused: paths that leave the tree, renames, copies, binary patches. An offset is accepted
 * if exactly one place fits; fuzz is not.
 */
#ifndef SUTURE_SOURCE_DIFF_H
#define SUTURE_SOURCE_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"

struct diff_line {
	char kind;	  /* ' ', '-', '+' */
	const char *text; /* into the diff's own bytes, without the newline */
	size_t n;
	bool no_newline; /* "\ No newline at end of file" follows */
};

struct diff_hunk {
	size_t at; /* its line in the diff, from 1 */
	size_t old_start, old_count, new_start, new_count;
	VEC(struct diff_line) lines;
};

struct diff_file {
	char *path; /* in the tree: "fs/proc/cmdline.c" */
	bool created, deleted;
	VEC(struct diff_hunk) hunks;
};

struct diff {
	VEC(struct diff_file) files; /* no path twice */
};

/* The text must outlive the diff. Text around the diffs (a mail, a commit message) is skipped. */
struct error *diff_parse(const char *text, size_t n, struct diff *out) __must_check;
void diff_free(struct diff *d);
#define __cleanup_diff __cleanup(diff_free)

/* The same changes to another file; 'to' is its path, and unchanged on an error. */
struct error *diff_add_copy(struct diff *d, size_t of, const char *to) __must_check;

/* Put each path into a folder: where in a tree the files of the diff are. */
struct error *diff_move(struct diff *d, const char *folder) __must_check;

/*
 * Append to 'out' the file's content after its hunks. The error names the file, the hunk, the
 * line, and what was expected and found there.
 */
struct error *diff_apply(const struct diff_file *f, const char *old, size_t n,
			 struct strbuf *out) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files of a target's tree may include which: made by reading them all once, kept beside
 * the tree, and asked backwards, from a header to everything that it may be part of.
 */
#ifndef SUTURE_SOURCE_INCLUDE_INDEX_H
#define SUTURE_SOURCE_INCLUDE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/vec.h"
#include "source/include_scan.h"

/* A name as files include it. */
struct include_name {
	enum include_kind kind;
	const char *spelled;
	const char *plain; /* without "." and "..", from the first folder on */
	uint32_t next;	   /* the next name with the same last part; 0: none (0 is no name) */
	uint32_t first, n; /* who includes it: in include_index.includers */
};

struct include_file {
	const char *path;
	uint32_t first, n; /* its names: in include_index.names_of */
};

struct include_index {
	VEC(struct include_name) names; /* from 1 */
	VEC(struct include_file) files;
	VEC(uint32_t) names_of, includers;
	struct hash_map by_base; /* last part of a name -> its first name */
	struct hash_map by_path; /* file -> its number */
	struct arena arena;
};

/*
 * The index of the tree in dir/tree, from dir/objects/headers-N if it was made before. What can't
 * be written there is made again the next time.
 */
struct error *include_index_open(const char *dir, struct include_index *out) __must_check;
void include_index_free(struct include_index *x);
#define __cleanup_include_index __cleanup(include_index_free)

/* Read every file below 'tree'; the result is the index as text. */
struct error *include_index_make(const char *tree, struct strbuf *out) __must_check;
/* The index from its text. Pure. */
struct error *include_index_read(const char *text, struct include_index *out) __must_check;

/* A makefile names the file: something may be made of it. */
struct include_input {
	const char *path, *makefile;
};

/* What a set of files reaches. */
struct include_reach {
	bool *files; /* by number: includes one of them, directly or not; or is one of them */
	VEC(const char *) ways; /* includers' names with ".." on the way, from the tree's root */
	VEC(struct include_input) inputs;
	struct arena arena;
};

/*
 * Everything that may read one of the files, which need not exist. Conservative: a name is
 * taken to mean every file that ends in it, except where gcc's first rule for "name", beside
 * the includer, already finds one. Pure.
 */
struct error *include_index_reach(const struct include_index *x, const char *const *paths, size_t n,
				  struct include_reach *out) __must_check;
void include_reach_free(struct include_reach *r);
#define __cleanup_include_reach __cleanup(include_reach_free)

#endif

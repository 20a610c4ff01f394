/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a source of a target reads, by the command that compiles it, kept beside the objects. */
#ifndef SUTURE_SOURCE_READ_CACHE_H
#define SUTURE_SOURCE_READ_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/vec.h"
#include "source/include_index.h"
#include "source/target.h"

struct read_set {
	char text[65];	     /* digest of the preprocessed text, in hex */
	VEC(uint32_t) files; /* by their numbers in the index */
};
void read_set_free(struct read_set *r);
#define __cleanup_read_set __cleanup(read_set_free)

struct error *read_cache_get(const struct target *t, const char *command, struct read_set *out,
			     bool *found) __must_check;
void read_cache_put(const struct target *t, const char *command, const struct read_set *r);

/*
 * The files of a dependency file (make's syntax). *known: all of the tree's are in the index.
 * Files with absolute names are not the tree's.
 */
struct error *read_set_parse(const struct include_index *x, char *depfile_text,
			     struct read_set *out, bool *known) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The diffs that a build is of: read once, named, and put together to one. */
#ifndef SUTURE_FLOW_FIXES_H
#define SUTURE_FLOW_FIXES_H

#include "base/file.h"
#include "source/diff.h"
#include "source/target.h"

struct fix {
	const char *path; /* as it was given; borrowed */
	char *name;	  /* build_name() of it */
	char *title;	  /* what its text says first; NULL if nothing */
	struct strbuf text;
	struct diff diff;
};

struct fixes {
	VEC(struct fix) v;
	struct tmpdir work;
	char *combined; /* the path of all as one diff; NULL if there is only one */
};

/* ERROR_USAGE if two have the same name; ERROR_FAILED if one does not apply on top of the others.
 */
struct error *fixes_read(const struct target *t, const char *const *paths, size_t n,
			 struct fixes *out) __must_check;
/* The diff to build: the only one, or the combined one. */
const char *fixes_path(const struct fixes *f);
void fixes_free(struct fixes *f);

/* The first line that a diff's text says about it, allocated; NULL if there is none. */
struct error *fix_title(const char *text, size_t n, char **out) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a diff is about, for a target: its files with the fix, the objects that may be compiled
 * from them or from what includes them, and what of the diff is no part of this kernel.
 */
#ifndef SUTURE_SOURCE_SCOPE_H
#define SUTURE_SOURCE_SCOPE_H

#include "source/diff.h"
#include "source/include_index.h"
#include "source/readers.h"
#include "source/shadow.h"
#include "source/target.h"
#include "source/unit_table.h"

/* A file of the diff that plays no part, and why. */
struct left_out {
	const char *path, *why;
};

struct scope {
	const struct target *target;
	struct diff diff;
	VEC(struct shadow_file) files; /* texts are strbufs' */
	VEC(struct strbuf) texts;
	struct unit_table table;
	struct unit_list units;
	struct readers outside;
	VEC(struct left_out) left;
	VEC(const char *) roots; /* files that others may include */
	bool moves;		 /* a file is created or deleted, so names may mean other files */
	/* Only if there are roots: */
	struct include_index index;
	struct include_reach reach;
	struct arena arena;
};

/*
 * ERROR_FAILED if the diff does not apply; ERROR_REFUSED for makefiles and for code that runs
 * outside of what can be patched; ERROR_NOTHING, with all reasons, if nothing of the diff is a
 * part of the target. Tells (log_info) what is left out and how many objects include what.
 */
struct error *scope_open(const struct target *t, const char *patch, size_t n,
			 struct scope *out) __must_check;
/* No compiler has read files[i]: leave it out, or refuse it if an object is made of it. */
struct error *scope_unread(struct scope *s, size_t i) __must_check;
/* An error that tells why nothing is left. */
struct error *scope_nothing(const struct scope *s) __must_check;
void scope_close(struct scope *s);
#define __cleanup_scope __cleanup(scope_close)

#endif

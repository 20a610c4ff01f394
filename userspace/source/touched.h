/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a diff's files mean for a target: the C files, patched, and the units they belong to. */
#ifndef SUTURE_SOURCE_TOUCHED_H
#define SUTURE_SOURCE_TOUCHED_H

#include "source/diff.h"
#include "source/shadow.h"
#include "source/unit_table.h"

/* May a fix to this file be built? ERROR_REFUSED says why not. Pure. */
struct error *touched_check(const struct diff_file *f) __must_check;
/* Is it no part of any x86-64 kernel build (documentation, tests, other architectures)? Pure. */
bool touched_is_ignored(const char *path);

/* Why such a source could not be fixed if it is in no unit ("is boot code: ..."); NULL. Pure. */
const char *touched_outside(const char *path);

/* The file's text with the fix. */
struct error *touched_patch(const struct target *t, const struct diff_file *f,
			    struct strbuf *out) __must_check;

/* Append the file's units; ERROR_REFUSED, with the CONFIG symbol if it can be found, if none. */
struct error *touched_units(const struct target *t, const struct unit_table *table,
			    const char *path, struct unit_list *out) __must_check;

#endif

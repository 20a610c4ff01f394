/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds that copy their source before they compile it (expat/lib/xmlparse.c to src/lib): a
 * diff of the source is one of each copy, too, as it would have been if it had come before the
 * build.
 */
#ifndef SUTURE_SOURCE_APP_COPIES_H
#define SUTURE_SOURCE_APP_COPIES_H

#include "source/compile_db.h"
#include "source/diff.h"

/*
 * Add to 'd' the same changes for each file in 'tree' that a compiler reads and that has the name
 * and the bytes of one of the diff's files. What the diff creates is created in folders that were
 * copied, too. 'lists': what each of the entries reads, each ended by a zero.
 */
struct error *app_copies_add(const char *tree, const struct compile_db *db, const char *lists,
			     size_t n, struct diff *d) __must_check;

#endif

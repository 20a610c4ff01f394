/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A copy of a folder that follows it: what is new or different is copied, what is gone is
 * removed, and everything else in the copy is left alone. A list beside the copy remembers
 * size, time and mode of each file when it was copied. The original is only read.
 */
#ifndef SUTURE_SOURCE_MIRROR_H
#define SUTURE_SOURCE_MIRROR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct mirror {
	const char *origin, *copy;
	const char *list; /* the file that remembers; not in the copy */
	/* Whether a file, or anything in a folder, is wanted; 'path' is relative. */
	bool (*wants)(const char *path, bool is_folder);
	/* How a file gets there; NULL: byte for byte, with its mode and time. */
	struct error *(*put)(const char *from, const char *to);
};

struct mirror_changes {
	size_t files; /* new, different or gone */
	size_t other; /* of these: not an existing .c or .h file with other content */
};

/*
 * Bring the copy up to date; adds to *changes. Until it has succeeded the list is missing, so
 * that the next call copies everything.
 */
struct error *mirror_update(const struct mirror *m, struct mirror_changes *changes) __must_check;

#endif

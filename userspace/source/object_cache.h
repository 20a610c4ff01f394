/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What need not be done twice for a target: compile commands, and objects compiled from its
 * tree as it is. The tree never changes, so a command is its own key. Where the cache cannot
 * be written, everything works as without one.
 */
#ifndef SUTURE_SOURCE_OBJECT_CACHE_H
#define SUTURE_SOURCE_OBJECT_CACHE_H

#include <stdbool.h>

#include "base/error.h"
#include "source/target.h"

/* Commands of the objects, from the cache or from the kernel's makefiles; each allocated. */
struct error *cached_commands(const struct target *t, const char *scratch,
			      const char *const *objects, size_t n, char **commands) __must_check;

/* Copy the object that the command made to 'path', if it is there. */
struct error *cached_object_get(const struct target *t, const char *command, const char *path,
				bool *found) __must_check;
void cached_object_put(const struct target *t, const char *command, const char *path);

#endif

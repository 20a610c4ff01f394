/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where something holds: patterns of fnmatch(3) after "host:" (a host's name) or "kernel:" (its
 * release). Each of the two kinds that is named must have one that fits; none at all is everywhere.
 */
#ifndef SUTURE_BUNDLE_SCOPE_H
#define SUTURE_BUNDLE_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct scope {
	const char *const *patterns;
	size_t n;
};

struct place {
	const char *host, *release;
};

/* ERROR_FAILED naming a pattern that is of neither kind, too long, or has too many stars. */
struct error *scope_check(const struct scope *s) __must_check;

bool scope_has(const struct scope *s, const struct place *p);

#endif

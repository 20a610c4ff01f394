/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A point in the past as a person writes it: "90 s", "30 min", "2 h", "3 d", "2 w" (ago; the blank
 * may be left out), "2026-11-26", "2026-11-26 21:00", "2026-11-26 21:00:05" (local time; a T may
 * stand for the blank), "2026-11-26T21:00:05Z" (UTC).
 */
#ifndef SUTURE_CLI_SINCE_H
#define SUTURE_CLI_SINCE_H

#include <stdint.h>

#include "base/error.h"

/* Both are seconds since 1970. */
struct error *since_parse(const char *s, int64_t now, int64_t *out) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Points in time as files write them: RFC 3339 in UTC and whole seconds,
 * "2026-11-26T21:00:00Z". In the program they are seconds since 1970.
 */
#ifndef SUTURE_BASE_DATE_H
#define SUTURE_BASE_DATE_H

#include <stdint.h>

#include "base/error.h"

struct date_text {
	char s[32];
};
/* "an unknown time" outside of the years 1970 to 9999. */
struct date_text date_text(int64_t at);

/* That form exactly, or "2026-11-26" alone for the beginning of the day. */
struct error *date_parse(const char *s, int64_t *out) __must_check;

#endif

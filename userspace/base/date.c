// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/date.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"

#define LAST 253402300799 /* 9999-12-31T23:59:59Z */

struct date_text date_text(int64_t at)
{
	struct date_text text = { "an unknown time" };
	time_t t = at;
	struct tm tm;

	if (at >= 0 && at <= LAST && gmtime_r(&t, &tm))
		strftime(text.s, sizeof(text.s), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return text;
}

struct error *date_parse(const char *s, int64_t *out)
{
	char whole[32];
	struct tm tm = { 0 };
	int64_t at;

	snprintf(whole, sizeof(whole), "%s%s", s, strlen(s) == 10 ? "T00:00:00Z" : "");
	/* What timegm() would take otherwise (blanks, signs, February 30) does not come back. */
	if (sscanf(whole, "%4d-%2d-%2dT%2d:%2d:%2dZ", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		   &tm.tm_hour, &tm.tm_min, &tm.tm_sec) == 6) {
		tm.tm_year -= 1900;
		tm.tm_mon--;
		at = timegm(&tm);
		if (str_equal(date_text(at).s, whole)) {
			*out = at;
			return NULL;
		}
	}
	return error_failed("'%.40s' is no time like 2026-11-26T21:00:00Z or 2026-11-26", s);
}

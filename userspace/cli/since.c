// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/since.h"

#include <ctype.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/date.h"
#include "base/str.h"

static bool parse_ago(const char *s, int64_t *seconds)
{
	static const struct {
		const char *name;
		int64_t seconds;
	} units[] = { { "s", 1 }, { "min", 60 }, { "h", 3600 }, { "d", 86400 }, { "w", 604800 } };
	int64_t n = 0;

	if (!isdigit((unsigned char)*s))
		return false;
	for (; isdigit((unsigned char)*s) && n < 1000000000; s++)
		n = 10 * n + (*s - '0');
	s += strspn(s, " ");
	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (str_equal(s, units[i].name)) {
			*seconds = n * units[i].seconds;
			return true;
		}
	return false;
}

static bool parse_local(const char *s, int64_t *out)
{
	static const char *const forms[] = { "%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M",
					     "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S" };

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct tm tm = { .tm_isdst = -1 };
		const char *end = strptime(s, forms[i], &tm);

		if (!end || *end)
			continue;
		*out = (int64_t)mktime(&tm);
		return true;
	}
	return false;
}

struct error *since_parse(const char *s, int64_t now, int64_t *out)
{
	struct error *e __cleanup_error = NULL;
	int64_t ago;

	if (parse_ago(s, &ago)) {
		*out = now > ago ? now - ago : 0;
		return NULL;
	}
	if (parse_local(s, out))
		return NULL;
	e = date_parse(s, out);
	if (!e)
		return NULL;
	return error_advise(error_usage("'%s' is no point in time", s),
			    "say how long ago (30 min, 2 h, 3 d), or when: 2026-11-26, "
			    "\"2026-11-26 21:00\", 2026-11-26T21:00:00Z");
}

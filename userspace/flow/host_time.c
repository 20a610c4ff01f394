// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "flow/host.h"

#define MOST (366.0 * 86400)

struct error *host_time(const char *words, double *out)
{
	static const struct {
		const char *unit;
		double seconds;
	} units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
	char *end;
	double n = strtod(words, &end);

	end += strspn(end, " ");
	for (size_t i = 0; i < ARRAY_SIZE(units) && end != words; i++)
		if (str_equal(end, units[i].unit) && n * units[i].seconds >= 1 &&
		    n * units[i].seconds <= MOST) {
			*out = n * units[i].seconds;
			return NULL;
		}
	return error_usage("'%s' is no time: 90s, 10m, 2h, 1d", words);
}

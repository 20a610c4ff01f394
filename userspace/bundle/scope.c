// SPDX-License-Identifier: GPL-2.0-or-later
#include "bundle/scope.h"

#include <fnmatch.h>
#include <string.h>

#include "base/str.h"

#define MOST 100
#define LONGEST 200
#define STARS_MAX 4 /* fnmatch(3) tries all ways to spread a text over them */

static const char *const kinds[] = { "host:", "kernel:" };

static const char *value_of(const char *pattern, const char *kind)
{
	return str_starts(pattern, kind) ? pattern + strlen(kind) : NULL;
}

static struct error *check_pattern(const char *pattern)
{
	size_t stars = 0;

	if (strlen(pattern) > LONGEST)
		return error_failed("a scope is longer than %d bytes", LONGEST);
	for (const char *c = pattern; *c; c++) {
		if ((unsigned char)*c <= 0x20 || *c == 0x7f)
			return error_failed("a scope has blanks or control characters");
		stars += *c == '*';
	}
	if (stars > STARS_MAX)
		return error_failed("the scope %s has more than %d stars", pattern, STARS_MAX);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const char *value = value_of(pattern, kinds[i]);

		if (value && *value)
			return NULL;
	}
	return error_failed("the scope %s is neither host:PATTERN nor kernel:PATTERN", pattern);
}

struct error *scope_check(const struct scope *s)
{
	if (s->n > MOST)
		return error_failed("a scope has more than %d patterns", MOST);
	for (size_t i = 0; i < s->n; i++)
		TRY(check_pattern(s->patterns[i]));
	return NULL;
}

bool scope_has(const struct scope *s, const struct place *p)
{
	const char *const values[] = { p->host, p->release };

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		bool named = false, fits = false;

		for (size_t i = 0; i < s->n; i++) {
			const char *pattern = value_of(s->patterns[i], kinds[k]);

			named |= pattern != NULL;
			fits |= pattern && !fnmatch(pattern, values[k], 0);
		}
		if (named && !fits)
			return false;
	}
	return true;
}

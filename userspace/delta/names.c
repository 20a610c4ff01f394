// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names as the compiler makes them. GCC tells apart function-static variables and cloned
 * functions by numbers ("count.12", "foo.constprop.0", "foo.part.0.cold") that differ from
 * build to build.
 */
#include <ctype.h>

#include "delta/private.h"

/* Kernel macros that put a variable of their own at each place where they are used. */
static const char *const private_stems[] = {
	"__key",	"__warned",   "__already_done",	     "__func__",
	"__FUNCTION__", "_rs",	      "__PRETTY_FUNCTION__", "CSWTCH",
	"_entry",	"_entry_ptr", "__print_once",	     "descriptor",
};

bool name_is_private(const char *stem)
{
	for (size_t i = 0; i < ARRAY_SIZE(private_stems); i++)
		if (str_equal(stem, private_stems[i]))
			return true;
	return false;
}

/* The kernel's __UNIQUE_ID() puts a counter behind the name. */
static size_t without_counter(const char *name, size_t n)
{
	if (str_starts(name, "__UNIQUE_ID_"))
		while (n && isdigit((unsigned char)name[n - 1]))
			n--;
	return n;
}

struct error *name_stem(struct arena *a, const char *name, const char **stem, bool *numbered)
{
	size_t n = strlen(name), k = 0;
	char *to;

	*stem = name;
	*numbered = false;
	if (!strchr(name, '.') && without_counter(name, n) == n)
		return NULL;
	to = arena_alloc(a, n + 1);
	if (!to)
		return error_nomem();
	for (size_t i = 0, end; i < n; i = end) { /* one ".word" at a time */
		bool digits = name[i] == '.' && i + 1 < n && i > 0;

		for (end = i + 1; end < n && name[end] != '.'; end++)
			digits = digits && isdigit((unsigned char)name[end]);
		if (digits) {
			*numbered = true;
			continue;
		}
		memcpy(to + k, name + i, end - i);
		k += end - i;
	}
	n = without_counter(to, k);
	*numbered = *numbered || n != k;
	to[n] = 0;
	*stem = to;
	return NULL;
}

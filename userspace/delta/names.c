// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names as the compiler makes them. GCC tells apart function-static variables and cloned
 * functions by numbers ("count.12", "foo.constprop.0", "foo.part.0.cold") that differ from
 * build to build. Clang puts the function's name before its variables ("foo.count"), and a
 * number behind only if there are several ("foo.count.7").
 */
#include <ctype.h>

#include "delta/private.h"

/*
 * Kernel macros that put a variable of their own at each place where they are used, and
 * constants that compilers make and name.
 */
static const struct {
	const char *name;
	bool constant; /* only where it can't be written to: a variable may have the name, too */
} private_names[] = {
	{ "__key" },
	{ "__warned" },
	{ "__already_done" },
	{ "_rs" },
	{ "__print_once" },
	{ "descriptor", true }, /* those of pr_debug() are told by their section */
	{ "_entry", true },
	{ "_entry_ptr", true },
	{ "__func__", true },
	{ "__FUNCTION__", true },
	{ "__PRETTY_FUNCTION__", true },
	{ "CSWTCH", true },
	{ "C", true },
	{ "switch", true },  /* clang: switch.table.FUNCTION */
	{ "__const", true }, /* clang: __const.FUNCTION.VARIABLE */
};

static bool is_private_name(const char *name, size_t n, bool writable)
{
	for (size_t i = 0; i < ARRAY_SIZE(private_names); i++)
		if (strlen(private_names[i].name) == n &&
		    !strncmp(private_names[i].name, name, n) &&
		    !(writable && private_names[i].constant))
			return true;
	return false;
}

/*
 * GCC numbers such a variable; clang puts the function's name before it, or behind it if it is
 * the compiler's own.
 */
bool name_is_private(const char *stem, bool numbered, bool writable)
{
	const char *first = strchr(stem, '.'), *last = strrchr(stem, '.');

	if (!first)
		return numbered && is_private_name(stem, strlen(stem), writable);
	return (str_starts(stem, ".L") && !writable) ||
	       is_private_name(stem, (size_t)(first - stem), writable) ||
	       is_private_name(last + 1, strlen(last + 1), writable);
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

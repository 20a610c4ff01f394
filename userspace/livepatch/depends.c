// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/depends.h"

#include <string.h>

#include "base/str.h"

/* The same module: a file may have a dash where the kernel has an underscore. */
static bool same_module(const char *a, size_t n, const char *b)
{
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i] && !((a[i] == '-' || a[i] == '_') && (b[i] == '-' || b[i] == '_')))
			return false;
	return !b[n];
}

static bool lists(const char *names, size_t n, const char *module)
{
	while (n) {
		const char *comma = memchr(names, ',', n);
		size_t length = comma ? (size_t)(comma - names) : n;

		if (length <= strlen(module) && same_module(names, length, module))
			return true;
		names += length + (comma ? 1 : 0);
		n -= length + (comma ? 1 : 0);
	}
	return false;
}

static bool depends(const char *info, size_t n, const char *module)
{
	static const char tag[] = "depends=";

	while (n) {
		const char *end = memchr(info, 0, n);
		size_t length = end ? (size_t)(end - info) : n;

		if (length > strlen(tag) && !memcmp(info, tag, strlen(tag)) &&
		    lists(info + strlen(tag), length - strlen(tag), module))
			return true;
		info += length + (end ? 1 : 0);
		n -= length + (end ? 1 : 0);
	}
	return false;
}

bool module_depends_on(const struct image *img, const char *owner)
{
	const char *slash = strrchr(owner, '/');

	vec_for_each(&img->segments, s)
		if (str_equal(s->name, ".modinfo") && s->bytes)
			return depends((const char *)s->bytes, s->size, slash ? slash + 1 : owner);
	return false;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <string.h>

#include "base/str.h"
#include "flow/build.h"

/* Module names have at most 55 characters, of which "suture_" takes seven. */
#define NAME_MAX_CHARS 48

static const char *last_component(const char *path, size_t *n)
{
	const char *slash = memrchr(path, '/', *n);
	const char *from = slash ? slash + 1 : path;

	*n -= (size_t)(from - path);
	return from;
}

/* The part of the path that names the fix. */
static const char *naming_part(const char *path, size_t *n)
{
	size_t all = strlen(path);
	const char *from;

	*n = all;
	from = last_component(path, n);
	if (*n > 6 && !memcmp(from + *n - 6, ".patch", 6))
		*n -= 6;
	else if (*n > 5 && !memcmp(from + *n - 5, ".diff", 5))
		*n -= 5;
	else if (*n > 7 && !memcmp(from + *n - 7, ".suture", 7))
		*n -= 7;
	if (*n == 3 && !memcmp(from, "fix", 3) && from > path + 1) {
		*n = (size_t)(from - path);
		while (*n && path[*n - 1] == '/')
			--*n;
		from = last_component(path, n);
	}
	return from;
}

struct error *build_name(const char *patch_path, char **out)
{
	char name[NAME_MAX_CHARS + 1];
	size_t n, k = 0;
	const char *from = naming_part(patch_path, &n);

	for (size_t i = 0; i < n && k < NAME_MAX_CHARS; i++) {
		unsigned char c = (unsigned char)from[i];

		if (c < 0x80 && isalnum(c))
			name[k++] = (char)tolower(c);
		else if (k && name[k - 1] != '_')
			name[k++] = '_';
	}
	while (k && name[k - 1] == '_')
		k--;
	name[k] = '\0';
	if (!k)
		return error_advise(error_usage("no name can be made of '%s'", patch_path),
				    "name the diff after what it fixes: fuse-uaf.patch");
	*out = strdup(name);
	return *out ? NULL : error_nomem();
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/function_arg.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

struct error *function_arg_parse(const char *words, struct arena *arena, struct function_arg *out)
{
	struct function_arg f = { .object = "vmlinux" };
	char *copy = arena_strdup(arena, words), *at;
	uint64_t pos = 0;

	if (!copy)
		return error_nomem();
	at = strchr(copy, ',');
	if (at) {
		*at++ = '\0';
		TRY_CONTEXT(str_u64(at, &pos), "%s", words);
		if (!pos || pos > 100000)
			return error_usage("%s: positions begin with 1", words);
	}
	at = strchr(copy, ':');
	if (at) {
		*at++ = '\0';
		f.object = copy;
	}
	f.name = at ? at : copy;
	f.sympos = (unsigned int)pos;
	if (!*f.name || !*f.object)
		return error_usage("%s: no name", words);
	*out = f;
	return NULL;
}

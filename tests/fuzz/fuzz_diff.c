// SPDX-License-Identifier: GPL-2.0-or-later
/* Any bytes as a diff, up to the first NUL; what follows it as the file the diff is applied to. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "source/diff.h"

static void check_path(const char *path)
{
	if (*path == '/' || !*path || str_starts(path, "../") || strstr(path, "/../") ||
	    str_ends(path, "/.."))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	size_t n = strnlen(text, size);
	struct diff d __cleanup_diff = { 0 };
	struct error *e __cleanup_error = diff_parse(text, n, &d);

	if (e)
		return 0;
	vec_for_each(&d.files, f) {
		struct strbuf out __cleanup_strbuf = { 0 };
		struct error *why __cleanup_error = NULL;

		check_path(f->path);
		why = diff_apply(f, text + n, size - n, &out);
	}
	return 0;
}

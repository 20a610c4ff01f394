// SPDX-License-Identifier: GPL-2.0-or-later
#include "fix/reproducer.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/subprocess.h"

#define COMPILE_SECONDS 120

static struct error *compile(const char *path, const char *to)
{
	struct tmpdir work __cleanup_tmpdir = { 0 };
	struct strbuf said __cleanup_strbuf = { 0 }, program __cleanup_strbuf = { 0 };
	const char *cc = getenv("CC");
	char *out __free = NULL;
	struct subprocess p = { .timeout = COMPILE_SECONDS, .out = &said, .err = &said };

	TRY(tmpdir_make(NULL, &work));
	out = str_printf("%s/program", work.path);
	if (!out)
		return error_nomem();
	p.argv = subprocess_words(cc && *cc ? cc : "cc", "-O2", "-static", "-o", out, path);
	TRY_CONTEXT(subprocess_check(&p), "compiling %s", path);
	TRY(file_read(out, &program));
	return file_write(to, strbuf_str(&program), program.n, 0755);
}

struct error *fix_reproducer_make(const char *path, bool is_source, const char *to)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	if (is_source)
		return compile(path, to);
	TRY(file_read(path, &text));
	return file_write(to, strbuf_str(&text), text.n, 0755);
}

struct error *fix_run_judge(const struct fix_run *want, unsigned int status, const char *output,
			    struct strbuf *why)
{
	if (status != want->exit)
		return strbuf_printf(why, "exit status %u instead of %u", status, want->exit);
	for (size_t i = 0; i < want->output.n; i++)
		if (!strstr(output, want->output.v[i]))
			return strbuf_printf(why, "'%s' is not in its output", want->output.v[i]);
	return NULL;
}

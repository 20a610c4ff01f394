// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/include_survey.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "base/subprocess.h"

void path_normalise(char *path)
{
	char *out = path, *in = path;

	while (*in) {
		size_t n = strcspn(in, "/");

		if (n == 2 && !strncmp(in, "..", 2)) {
			if (out == path) {
				*path = '\0';
				return;
			}
			for (out--; out > path && out[-1] != '/'; out--)
				;
		} else if (n && !(n == 1 && *in == '.')) {
			memmove(out, in, n);
			out += n;
			if (in[n])
				*out++ = '/';
		}
		in += n + (in[n] == '/');
	}
	if (out > path && out[-1] == '/')
		out--;
	*out = '\0';
}

/* Where 'included' is meant by 'file': beside it, else from the tree's top or include/. */
static struct error *resolve(const char *tree, const char *file, size_t n_file,
			     const char *included, size_t n, char **out)
{
	const char *slash = memrchr(file, '/', n_file);
	int folder = slash ? (int)(slash - file) + 1 : 0;
	char *tries[] = {
		str_printf("%.*s%.*s", folder, file, (int)n, included),
		str_printf("%.*s", (int)n, included),
		str_printf("include/%.*s", (int)n, included),
	};
	struct error *e = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
		char *path __free = NULL;

		if (!tries[i] && !e)
			e = error_nomem();
		if (e || *out)
			continue;
		path_normalise(tries[i]);
		path = str_printf("%s/%s", tree, tries[i]);
		if (!path)
			e = error_nomem();
		else if (*tries[i] && file_exists(path))
			*out = take(tries[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(tries); i++)
		free(tries[i]);
	return e;
}

/* One line of grep's: ./FILE:#include "INCLUDED". */
static struct error *take_line(const char *tree, const char *line, size_t n, struct strbuf *out)
{
	const char *colon = memchr(line, ':', n), *quote, *end;
	char *included __free = NULL;

	if (n < 3 || !colon)
		return NULL;
	quote = memchr(colon, '"', (size_t)(line + n - colon));
	end = quote ? memchr(quote + 1, '"', (size_t)(line + n - quote - 1)) : NULL;
	if (!end)
		return NULL;
	line += 2;
	TRY(resolve(tree, line, (size_t)(colon - line), quote + 1, (size_t)(end - quote - 1),
		    &included));
	if (!included)
		return NULL;
	return strbuf_printf(out, "%.*s %s\n", (int)(colon - line), line, included);
}

struct error *include_survey(const char *dir)
{
	struct strbuf found __cleanup_strbuf = { 0 }, out __cleanup_strbuf = { 0 };
	char *tree __free = str_printf("%s/tree", dir);
	char *path __free = str_printf("%s/includes", dir);
	struct subprocess p = {
		.argv = subprocess_words(
			"grep", "-rE", "--include=*.[ch]",
			"^[[:space:]]*#[[:space:]]*include[[:space:]]*\"[^\"]*\\.c\"", "."),
		.env = subprocess_words("LC_ALL=C"),
		.cwd = tree,
		.out = &found,
	};

	if (!tree || !path)
		return error_nomem();
	/* It ends with 1 where there are none. */
	TRY(subprocess_run(&p));
	if (p.status > 1)
		return error_failed("grep ended with %d in %s", p.status, tree);
	for (const char *s = strbuf_str(&found); *s;) {
		size_t n = strcspn(s, "\n");

		TRY(take_line(tree, s, n, &out));
		s += n + (s[n] == '\n');
	}
	return file_write(path, strbuf_str(&out), out.n, 0644);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines like "obj-$(CONFIG_FOO) += foo.o" and "foo-$(CONFIG_BAR) += bar.o", see
 * kbuild/makefiles.rst. */
#include "source/config_symbol.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

/* How many composite objects are followed upwards. */
#define DEPTH 4

static bool has_word(const char *line, size_t n, const char *word)
{
	size_t k = strlen(word);

	for (size_t i = 0; i + k <= n; i++) {
		bool starts = !i || isspace((unsigned char)line[i - 1]) || line[i - 1] == '=';
		bool ends =
			i + k == n || isspace((unsigned char)line[i + k]) || line[i + k] == '\\';

		if (starts && ends && !memcmp(line + i, word, k))
			return true;
	}
	return false;
}

/* The length of a line with what backslashes continue it. */
static size_t logical_line(const char *s)
{
	size_t n = strcspn(s, "\n");

	while (s[n] && n && s[n - 1] == '\\')
		n += 1 + strcspn(s + n + 1, "\n");
	return n;
}

static bool is_set(const char *config, const char *symbol, size_t n)
{
	char *line __free = str_printf("\n%.*s=", (int)n, symbol);

	return line && strstr(config, line);
}

static size_t symbol_length(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n;
}

/* In the part before '=': the symbol, or the composite object that the line describes. */
static const char *left_symbol(const char *line, size_t n, size_t *len)
{
	const char *end = memchr(line, '=', n), *at;

	at = end ? memmem(line, (size_t)(end - line), "CONFIG_", 7) : NULL;
	*len = at ? symbol_length(at) : 0;
	return at;
}

static char *composite_of(const char *line, size_t n)
{
	static const char *const suffixes[] = { "-objs", "-y", "-$(" };
	const char *end = memchr(line, '=', n);

	for (size_t i = 0; end && i < ARRAY_SIZE(suffixes); i++) {
		const char *at =
			memmem(line, (size_t)(end - line), suffixes[i], strlen(suffixes[i]));

		if (at)
			return str_printf("%.*s.o", (int)(at - line), line);
	}
	return NULL;
}

static struct error *find(const char *makefile, const char *config, const char *object, int depth,
			  char **out)
{
	for (const char *s = makefile; *s && depth < DEPTH && !*out;) {
		size_t n = logical_line(s), len;
		const char *symbol = left_symbol(s, n, &len);
		char *composite __free = composite_of(s, n);
		bool mentions = has_word(s, n, object);

		if (mentions && symbol && !is_set(config, symbol, len)) {
			*out = strndup(symbol, len);
			return *out ? NULL : error_nomem();
		}
		if (mentions && composite && !str_equal(composite, "obj.o"))
			TRY(find(makefile, config, composite, depth + 1, out));
		s += n + (s[n] == '\n');
	}
	return NULL;
}

struct error *config_symbol_in(const char *makefile, const char *config, const char *object,
			       char **out)
{
	*out = NULL;
	return find(makefile, config, object, 0, out);
}

static struct error *read_makefile(const char *tree, const char *folder, int n, struct strbuf *out)
{
	static const char *const names[] = { "Kbuild", "Makefile" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *path __free = str_printf("%s/%.*s%s", tree, n, folder, names[i]);

		if (!path)
			return error_nomem();
		if (file_exists(path))
			return file_read(path, out);
	}
	return NULL;
}

struct error *config_symbol(const char *tree, const char *source, char **out)
{
	struct strbuf makefile __cleanup_strbuf = { 0 }, config __cleanup_strbuf = { 0 };
	char *path __free = str_printf("%s/.config", tree);
	const char *slash = strrchr(source, '/');
	int folder = slash ? (int)(slash - source) + 1 : 0;
	char *object __free =
		str_printf("%.*s.o", (int)strlen(source + folder) - 2, source + folder);

	*out = NULL;
	if (!path || !object)
		return error_nomem();
	TRY(read_makefile(tree, source, folder, &makefile));
	TRY(file_read(path, &config));
	return config_symbol_in(strbuf_str(&makefile), strbuf_str(&config), object, out);
}

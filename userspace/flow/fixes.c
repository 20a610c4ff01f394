// SPDX-License-Identifier: GPL-2.0-or-later
#include "flow/fixes.h"

#include <stdlib.h>
#include <string.h>

#include "flow/build.h"
#include "source/combine.h"

#define TITLE_MAX 200 /* bytes */

/* --- titles ---------------------------------------------------------------------- */

static bool begins_diff(const char *line)
{
	return str_starts(line, "--- ") || str_starts(line, "diff ") || str_starts(line, "Index: ");
}

/* "Subject: [PATCH 5.10 2/3] fuse: x" is "fuse: x"; other headers of a mail say nothing. */
static const char *without_mail(const char *line)
{
	static const char *const headers[] = { "From ",	  "From:",   "Date:", "Message-ID:",
					       "commit ", "Author:", "To:",   "Cc:" };

	for (size_t i = 0; i < ARRAY_SIZE(headers); i++)
		if (str_starts(line, headers[i]))
			return NULL;
	if (str_starts(line, "Subject:"))
		line += strlen("Subject:");
	line += strspn(line, " \t");
	if (*line == '[' && strchr(line, ']'))
		line = strchr(line, ']') + 1;
	return line + strspn(line, " \t");
}

static bool is_printable(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return true;
}

/* No longer than allowed, and not within a character of UTF-8. */
static void shorten(char *s)
{
	size_t n = strlen(s);

	if (n <= TITLE_MAX)
		return;
	n = TITLE_MAX;
	while (n && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	s[n] = '\0';
}

struct error *fix_title(const char *text, size_t n, char **out)
{
	*out = NULL;
	for (const char *end = text + n, *next; text < end; text = next) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		char *line __free = strndup(text, (size_t)((newline ? newline : end) - text));
		const char *said;

		if (!line)
			return error_nomem();
		next = newline ? newline + 1 : end;
		if (begins_diff(line))
			return NULL;
		said = without_mail(line);
		if (!said || !*said || !is_printable(said))
			continue;
		*out = strdup(said);
		if (!*out)
			return error_nomem();
		shorten(*out);
		return NULL;
	}
	return NULL;
}

/* --- all of them ------------------------------------------------------------------ */

static void fix_clear(struct fix *f)
{
	free(f->name);
	free(f->title);
	diff_free(&f->diff);
	strbuf_free(&f->text);
}

void fixes_free(struct fixes *f)
{
	vec_for_each(&f->v, it)
		fix_clear(it);
	vec_free(&f->v);
	free(f->combined);
	tmpdir_remove(&f->work);
}

const char *fixes_path(const struct fixes *f)
{
	return f->combined ? f->combined : f->v.v[0].path;
}

static struct error *read_fix(const struct target *t, const char *path, struct fixes *all)
{
	struct fix f __cleanup(fix_clear) = { .path = path };

	TRY(build_name(path, &f.name));
	vec_for_each(&all->v, other)
		if (str_equal(other->name, f.name))
			return error_usage("%s and %s are both named %s", other->path, path,
					   f.name);
	TRY(file_read(path, &f.text));
	TRY(fix_title(strbuf_str(&f.text), f.text.n, &f.title));
	TRY_CONTEXT(diff_parse(strbuf_str(&f.text), f.text.n, &f.diff), "%s", path);
	if (t->folder)
		TRY(diff_move(&f.diff, t->folder));
	TRY(vec_push(&all->v, f));
	f = (struct fix){ 0 };
	return NULL;
}

static struct error *combine(const struct target *t, struct fixes *all)
{
	struct combine_input *in __free = calloc(all->v.n, sizeof(*in));
	struct strbuf text __cleanup_strbuf = { 0 };

	if (!in)
		return error_nomem();
	for (size_t i = 0; i < all->v.n; i++)
		in[i] = (struct combine_input){ all->v.v[i].path, &all->v.v[i].diff };
	TRY(combine_diffs(t, in, all->v.n, &text));
	TRY(tmpdir_make(NULL, &all->work));
	all->combined = str_printf("%s/combined.patch", all->work.path);
	if (!all->combined)
		return error_nomem();
	return file_write(all->combined, strbuf_str(&text), text.n, 0644);
}

struct error *fixes_read(const struct target *t, const char *const *paths, size_t n,
			 struct fixes *out)
{
	for (size_t i = 0; i < n; i++)
		TRY(read_fix(t, paths[i], out));
	return n > 1 || t->folder ? combine(t, out) : NULL;
}

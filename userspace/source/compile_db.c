// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/compile_db.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json_read.h"
#include "base/str.h"

#define MOST_WORDS 20000

void compile_db_free(struct compile_db *db)
{
	vec_free(&db->entries);
	arena_free(&db->arena);
}

const char *compile_path(struct arena *a, const char *directory, const char *path)
{
	char *full =
		*path == '/' ? arena_strdup(a, path) : arena_printf(a, "%s/%s", directory, path);
	char *to = full;

	if (!full)
		return NULL;
	for (const char *from = full; *from;) {
		size_t n;

		from += strspn(from, "/");
		n = strcspn(from, "/");
		if (n == 2 && !strncmp(from, "..", 2)) {
			while (to > full && *--to != '/')
				;
		} else if (n && !(n == 1 && *from == '.')) {
			*to++ = '/';
			memmove(to, from, n);
			to += n;
		}
		from += n;
	}
	/* At the root: there is room, since what was joined has a slash. */
	if (to == full)
		*to++ = '/';
	*to = '\0';
	return full;
}

/* --- words --------------------------------------------------------------------------- */

struct words {
	VEC(const char *) v;
	struct strbuf word;
	bool open;
};

static void words_free(struct words *w)
{
	vec_free(&w->v);
	strbuf_free(&w->word);
}

static struct error *end_word(struct words *w, struct arena *a)
{
	const char *copy;

	if (!w->open)
		return NULL;
	w->open = false;
	copy = arena_strdup(a, strbuf_str(&w->word));
	strbuf_free(&w->word);
	return copy ? vec_push(&w->v, copy) : error_nomem();
}

/* As a POSIX shell takes words apart; nothing is expanded. */
static struct error *split(const char *s, struct words *w, struct arena *a)
{
	char quote = 0;

	for (; *s; s++) {
		if (!quote && strchr(" \t\n", *s)) {
			TRY(end_word(w, a));
			continue;
		}
		w->open = true;
		if (quote ? *s == quote : *s == '\'' || *s == '"') {
			quote = quote ? 0 : *s;
			continue;
		}
		if (*s == '\\' && quote != '\'' && s[1] && (!quote || strchr("\\\"$`\n", s[1])))
			s++;
		TRY(strbuf_add(&w->word, s, 1));
	}
	return quote ? error_failed("a quote is not closed") : end_word(w, a);
}

static struct error *list_words(const struct json_value *list, struct words *w)
{
	for (size_t i = 0; i < list->n && i < MOST_WORDS; i++) {
		if (list->items[i].type != JSON_STRING)
			return error_failed("a word of \"arguments\" is no string");
		TRY(vec_push(&w->v, list->items[i].string));
	}
	return NULL;
}

static struct error *read_words(const struct json_value *o, struct words *w, struct arena *a)
{
	const struct json_value *list = json_member(o, "arguments");
	const char *command = NULL;

	if (list && list->type == JSON_LIST)
		return list_words(list, w);
	TRY(json_need_string(o, "command", &command));
	return split(command, w, a);
}

/* What only runs the compiler. */
static bool is_launcher(const char *word)
{
	const char *slash = strrchr(word, '/');

	word = slash ? slash + 1 : word;
	return str_equal(word, "ccache") || str_equal(word, "sccache") ||
	       str_equal(word, "distcc") || str_equal(word, "icecc");
}

static struct error *read_entry(const struct json_value *o, struct compile_db *db)
{
	struct words w __cleanup(words_free) = { 0 };
	struct compile_entry e = { 0 };
	const char *file = NULL, *output = NULL;
	bool compiles = false;
	size_t skip;

	TRY(json_need_string(o, "directory", &e.directory));
	TRY(json_need_string(o, "file", &file));
	TRY(read_words(o, &w, &db->arena));
	if (*e.directory != '/')
		return error_failed("\"directory\" is no absolute path");
	for (size_t i = 0; i < w.v.n; i++) {
		compiles = compiles || str_equal(w.v.v[i], "-c");
		if (str_equal(w.v.v[i], "-o") && i + 1 < w.v.n)
			output = w.v.v[i + 1];
	}
	skip = w.v.n && is_launcher(w.v.v[0]);
	if (!compiles || w.v.n < skip + 2)
		return NULL;
	e.argv = arena_array(&db->arena, w.v.n + 1 - skip, sizeof(*e.argv));
	e.directory = compile_path(&db->arena, "/", e.directory);
	e.file = e.directory ? compile_path(&db->arena, e.directory, file) : NULL;
	if (!e.argv || !e.file)
		return error_nomem();
	e.output = output ? compile_path(&db->arena, e.directory, output) : NULL;
	memcpy(e.argv, w.v.v + skip, (w.v.n - skip) * sizeof(*e.argv));
	return vec_push(&db->entries, e);
}

struct error *compile_db_parse(const char *text, size_t n, struct compile_db *out)
{
	struct compile_db db __cleanup_compile_db = { 0 };
	const struct json_value *root = NULL;

	TRY(json_parse(text, n, &db.arena, &root));
	if (root->type != JSON_LIST)
		return error_failed("it is no list of compile commands");
	for (size_t i = 0; i < root->n; i++)
		TRY_CONTEXT(read_entry(&root->items[i], &db), "command %zu", i + 1);
	*out = db;
	db = (struct compile_db){ 0 };
	return NULL;
}

struct error *compile_db_read(const char *path, struct compile_db *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	TRY(file_read(path, &text));
	return error_context(compile_db_parse(strbuf_str(&text), text.n, out), "%s", path);
}

/* --- commands ------------------------------------------------------------------------- */

/* Words that are about dependency files, and how many come with each. */
static size_t is_dependency(const char *w)
{
	if (str_equal(w, "-MD") || str_equal(w, "-MMD") || str_equal(w, "-MP") ||
	    str_equal(w, "-MG") || str_starts(w, "-Wp,-M"))
		return 1;
	if (str_equal(w, "-MF") || str_equal(w, "-MT") || str_equal(w, "-MQ"))
		return 2;
	return str_starts(w, "-MF") || str_starts(w, "-MT") || str_starts(w, "-MQ") ? 1 : 0;
}

static bool is_within(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return !strncmp(path, folder, n) && (path[n] == '/' || !path[n]);
}

/* Every place of the word where 'from' is named as a folder. */
static const char *rewrite(const char *word, const char *from, const char *to, struct arena *a)
{
	size_t n = strlen(from);
	const char *at = strstr(word, from);

	if (!at)
		return word;
	if (at[n] && at[n] != '/' && at[n] != '=' && at[n] != ':' && at[n] != ',')
		return word;
	return arena_printf(a, "%.*s%s%s", (int)(at - word), word, to, at + n);
}

struct argv {
	VEC(const char *) v;
};

static void argv_free(struct argv *v)
{
	vec_free(&v->v);
}

static struct error *copy_words(const struct compile_entry *e, enum compile_kind kind,
				const char *from, const char *to, struct arena *a, struct argv *out)
{
	for (size_t i = 1; e->argv[i]; i++) {
		const char *w = e->argv[i];
		size_t skip = is_dependency(w);

		if (str_equal(w, "-o"))
			skip = 2;
		if (kind == COMPILE_DEPENDS && str_equal(w, "-c"))
			skip = 1;
		if (skip) {
			i += skip - 1;
			if (!e->argv[i])
				break;
			continue;
		}
		if (str_starts(w, "-flto") || str_equal(w, "-fwhole-program"))
			return error_refused(
				"%s is compiled with %s: what becomes of its functions "
				"is known only after linking",
				e->file, w);
		w = rewrite(w, from, to, a);
		if (!w)
			return error_nomem();
		TRY(vec_push(&out->v, w));
	}
	return NULL;
}

struct error *compile_command(const struct compile_entry *e, enum compile_kind kind,
			      const char *from, const char *to, const char *output, struct arena *a,
			      const char ***argv, const char **directory)
{
	struct argv v __cleanup(argv_free) = { 0 };
	const char *map = arena_printf(a, "-ffile-prefix-map=%s=%s", to, from);

	*directory =
		is_within(e->directory, from) ? rewrite(e->directory, from, to, a) : e->directory;
	if (!map || !*directory)
		return error_nomem();
	TRY(vec_push(&v.v, e->argv[0]));
	/* First, so that what the command itself says of folders wins. */
	TRY(vec_push(&v.v, map));
	TRY(copy_words(e, kind, from, to, a, &v));
	if (kind == COMPILE_SECTIONS) {
		TRY(vec_push(&v.v, "-ffunction-sections"));
		TRY(vec_push(&v.v, "-fdata-sections"));
	}
	if (kind == COMPILE_DEPENDS)
		TRY(vec_push(&v.v, "-M"));
	TRY(vec_push(&v.v, "-o"));
	TRY(vec_push(&v.v, output));
	TRY(vec_push(&v.v, NULL));
	*argv = arena_dup(a, v.v.v, v.v.n * sizeof(*v.v.v));
	return *argv ? NULL : error_nomem();
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/app_copies.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/str.h"

/* Folders below the tree, "" or with a slash behind: what is in one is in the other. */
struct folder {
	const char *of, *copy;
};

struct folders {
	VEC(struct folder) v;
	struct arena arena;
};

static void folders_free(struct folders *f)
{
	vec_free(&f->v);
	arena_free(&f->arena);
}

static struct error *same_bytes(const char *tree, const char *a, const char *b, bool *yes)
{
	char *one __free = str_printf("%s/%s", tree, a),
		  *other __free = str_printf("%s/%s", tree, b);
	struct strbuf x __cleanup_strbuf = { 0 }, y __cleanup_strbuf = { 0 };

	if (!one || !other)
		return error_nomem();
	*yes = false;
	if (!file_exists(one) || !file_exists(other))
		return NULL;
	TRY(file_read(one, &x));
	TRY(file_read(other, &y));
	*yes = x.n && x.n == y.n && !memcmp(x.s, y.s, x.n);
	return NULL;
}

static bool has_file(const struct diff *d, const char *path)
{
	vec_for_each(&d->files, f)
		if (str_equal(f->path, path))
			return true;
	return false;
}

/* Both paths without what they end with alike, whole names only. */
static struct error *add_folder(struct folders *to, const char *path, const char *copy)
{
	size_t n = strlen(path), m = strlen(copy), alike = 0;
	struct folder f;

	for (size_t i = 1; i <= n && i <= m && path[n - i] == copy[m - i]; i++)
		if (i == n || i == m || (path[n - i - 1] == '/' && copy[m - i - 1] == '/'))
			alike = i;
	f.of = arena_printf(&to->arena, "%.*s", (int)(n - alike), path);
	f.copy = arena_printf(&to->arena, "%.*s", (int)(m - alike), copy);
	if (!f.of || !f.copy)
		return error_nomem();
	vec_for_each(&to->v, it)
		if (str_equal(it->of, f.of) && str_equal(it->copy, f.copy))
			return NULL;
	return vec_push(&to->v, f);
}

/* 'full' is read: is it a copy of the diff's file 'of'? */
static struct error *judge(const char *tree, const char *full, struct diff *d, size_t of,
			   struct folders *to)
{
	const char *path = full + strlen(tree) + 1;
	bool yes = false;

	if (!str_starts(full, tree) || path[-1] != '/' || has_file(d, path))
		return NULL;
	TRY(same_bytes(tree, d->files.v[of].path, path, &yes));
	if (!yes)
		return NULL;
	progress_step("%s is a copy of %s", path, d->files.v[of].path);
	TRY(add_folder(to, d->files.v[of].path, path));
	return diff_add_copy(d, of, path);
}

/* Each word of the list with that base name. */
static struct error *look_at(const char *tree, const char *directory, const char *list,
			     struct diff *d, size_t of, struct folders *to)
{
	const char *slash = strrchr(d->files.v[of].path, '/');
	const char *base = slash ? slash + 1 : d->files.v[of].path;
	size_t n = strlen(base);

	for (const char *at = list; (at = strstr(at, base)); at += n) {
		struct arena a __cleanup(arena_free) = { 0 };
		const char *start = at, *full;
		char *word __free = NULL;

		if ((at[n] && !strchr(" \t\n", at[n])) || at == list || !strchr("/ \t\n", at[-1]))
			continue;
		while (start > list && !strchr(" \t\n", start[-1]))
			start--;
		word = strndup(start, (size_t)(at + n - start));
		full = word ? compile_path(&a, directory, word) : NULL;
		if (!full)
			return error_nomem();
		TRY(judge(tree, full, d, of, to));
	}
	return NULL;
}

static struct error *create_in(const struct folders *folders, struct diff *d, size_t of)
{
	vec_for_each(&folders->v, it) {
		size_t n = strlen(it->of);
		char *path __free = NULL;

		if (strncmp(d->files.v[of].path, it->of, n) != 0)
			continue;
		path = str_printf("%s%s", it->copy, d->files.v[of].path + n);
		if (!path)
			return error_nomem();
		if (!has_file(d, path))
			TRY(diff_add_copy(d, of, path));
	}
	return NULL;
}

struct error *app_copies_add(const char *tree, const struct compile_db *db, const char *lists,
			     size_t n, struct diff *d)
{
	struct folders folders __cleanup(folders_free) = { 0 };
	const char *at = lists, *end = lists + n;
	size_t own = d->files.n;

	for (size_t i = 0; i < db->entries.n && at < end; i++) {
		for (size_t k = 0; k < own; k++)
			if (!d->files.v[k].created)
				TRY(look_at(tree, db->entries.v[i].directory, at, d, k, &folders));
		at += strlen(at) + 1;
	}
	for (size_t k = 0; k < own; k++)
		if (d->files.v[k].created)
			TRY(create_in(&folders, d, k));
	return NULL;
}

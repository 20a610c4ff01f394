// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/shadow.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/vec.h"
#include "source/include_survey.h"

struct folders {
	VEC(const char *) list; /* plain paths; "" is the root */
	struct hash_map known;
	struct arena arena;
};

static void folders_free(struct folders *f)
{
	vec_free(&f->list);
	hash_free(&f->known);
	arena_free(&f->arena);
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
	*d = NULL;
}

/* A folder and those above it. 'path' is plain and from the arena. */
static struct error *add_folder(struct folders *f, char *path)
{
	char *slash;

	while (!hash_get(&f->known, path)) {
		TRY(hash_put(&f->known, path, 1));
		TRY(vec_push(&f->list, path));
		path = arena_strdup(&f->arena, path);
		if (!path)
			return error_nomem();
		slash = strrchr(path, '/');
		*(slash ? slash : path) = '\0';
	}
	return NULL;
}

/* Every folder that is passed on the way, also those that a ".." leaves again. */
static struct error *add_way(struct folders *f, const char *way)
{
	for (const char *slash = strchr(way, '/'); slash; slash = strchr(slash + 1, '/')) {
		char *folder = arena_printf(&f->arena, "%.*s", (int)(slash - way), way);

		if (!folder)
			return error_nomem();
		path_normalise(folder);
		TRY(add_folder(f, folder));
	}
	return NULL;
}

static const struct shadow_file *file_at(const struct shadow_file *files, size_t n,
					 const char *folder, const char *name)
{
	size_t k = strlen(folder);

	for (size_t i = 0; i < n; i++) {
		const char *path = files[i].path;

		if (strncmp(path, folder, k) != 0 || (k && path[k] != '/'))
			continue;
		if (str_equal(path + k + (k != 0), name))
			return &files[i];
	}
	return NULL;
}

static struct error *link_entry(const char *tree, const char *dir, const char *name)
{
	char *target __free = str_printf("%s/%s", tree, name);
	char *link __free = str_printf("%s/%s", dir, name);

	if (!target || !link)
		return error_nomem();
	if (symlink(target, link) < 0)
		return error_errno(errno, "making %s", link);
	return NULL;
}

/* One real folder: its entries become links, except for real folders and changed files. */
static struct error *fill_folder(const char *tree, const char *dir, const char *folder,
				 const struct folders *real, const struct shadow_file *files,
				 size_t n_files)
{
	char *from __free = str_printf("%s/%s", tree, folder);
	char *to __free = str_printf("%s/%s", dir, folder);
	DIR *d __cleanup(close_dir) = NULL;
	struct dirent *ent;

	if (!from || !to)
		return error_nomem();
	TRY(dir_make(to));
	d = opendir(from);
	if (!d && errno == ENOENT) /* a new one */
		return NULL;
	if (!d)
		return error_errno(errno, "%s", from);
	while ((ent = readdir(d))) {
		char *path __free = str_printf("%s%s%s", folder, *folder ? "/" : "", ent->d_name);

		if (!path)
			return error_nomem();
		if (str_equal(ent->d_name, ".") || str_equal(ent->d_name, "..") ||
		    hash_get(&real->known, path) || file_at(files, n_files, folder, ent->d_name))
			continue;
		TRY(link_entry(from, to, ent->d_name));
	}
	return NULL;
}

struct error *shadow_make(const char *tree, const char *dir, const struct shadow_file *files,
			  size_t n_files, const char *const *ways, size_t n_ways)
{
	struct folders real __cleanup(folders_free) = { 0 };

	for (size_t i = 0; i < n_files; i++)
		TRY(add_way(&real, files[i].path));
	for (size_t i = 0; i < n_ways; i++)
		TRY(add_way(&real, ways[i]));
	vec_for_each(&real.list, it)
		TRY(fill_folder(tree, dir, *it, &real, files, n_files));
	for (size_t i = 0; i < n_files; i++) {
		char *path __free = str_printf("%s/%s", dir, files[i].path);

		if (!path)
			return error_nomem();
		if (files[i].text)
			TRY(file_write(path, files[i].text, files[i].n, 0644));
	}
	return NULL;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Does 'path' (real) name files[i] below 'root' (real)? */
static bool is_below(const char *path, const char *root, const char *file)
{
	size_t n = strlen(root);

	return !strncmp(path, root, n) && path[n] == '/' && str_equal(path + n + 1, file);
}

struct roots {
	char *tree, *dir;
};

static void roots_free(struct roots *r)
{
	free(r->tree);
	free(r->dir);
}

static struct error *check_name(const struct roots *r, const char *name,
				const struct shadow_file *files, size_t n, bool *used)
{
	char *path __free = NULL, *real __free = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!str_equal(base_of(name), base_of(files[i].path)))
			continue;
		if (!path)
			path = *name == '/' ? strdup(name) : str_printf("%s/%s", r->dir, name);
		if (!path)
			return error_nomem();
		if (!real)
			real = realpath(path, NULL);
		if (!real)
			return error_errno(errno, "%s, which the compiler has read", path);
		if (is_below(real, r->tree, files[i].path))
			return error_failed("the compiler has read %s as it was before the fix",
					    files[i].path);
		if (is_below(real, r->dir, files[i].path))
			used[i] = true;
	}
	return NULL;
}

struct error *shadow_check(const char *tree, const char *dir, const struct shadow_file *files,
			   size_t n_files, const char *depfile, bool *used)
{
	struct roots r __cleanup(roots_free) = { realpath(tree, NULL), realpath(dir, NULL) };
	struct strbuf text __cleanup_strbuf = { 0 };
	char *save = NULL, *rule;

	if (!r.tree || !r.dir)
		return error_errno(errno, "%s", r.tree ? dir : tree);
	TRY(file_read(depfile, &text));
	rule = text.n ? strchr(text.s, ':') : NULL;
	if (!rule)
		return error_failed("%s is no dependency file", depfile);
	for (char *w = strtok_r(rule + 1, " \t\n\\", &save); w;
	     w = strtok_r(NULL, " \t\n\\", &save))
		TRY(check_name(&r, w, files, n_files, used));
	return NULL;
}

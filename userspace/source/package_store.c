// SPDX-License-Identifier: GPL-2.0-or-later
/* Packages that are there: names, opening, removing. */
#include "source/package_store.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json_read.h"
#include "base/str.h"
#include "source/manifest.h"
#include "source/store.h"

#define KIND "deb:"

/* What becomes part of a path, and of apt's words. */
static bool is_plain(const char *s, const char *more)
{
	if (!*s || *s == '.' || *s == '-')
		return false;
	for (; *s; s++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+-~",
			    *s) &&
		    !strchr(more, *s))
			return false;
	return true;
}

struct error *package_name(const char *name, char **package, char **version)
{
	const char *equal = str_starts(name, KIND) ? strchr(name, '=') : NULL;
	char *p __free =
		equal ? strndup(name + strlen(KIND), (size_t)(equal - name) - strlen(KIND)) : NULL;
	char *v __free = equal ? strdup(equal + 1) : NULL;

	if (!equal)
		return error_usage("%s is no deb:PACKAGE=VERSION", name);
	if (!p || !v)
		return error_nomem();
	if (!is_plain(p, "") || !is_plain(v, ":"))
		return error_usage("%s is no deb:PACKAGE=VERSION", name);
	*package = take(p);
	*version = take(v);
	return NULL;
}

static struct error *packages_dir(char **out)
{
	char *cache __free = NULL;

	TRY(cache_dir(&cache));
	*out = str_printf("%s/targets/deb", cache);
	return *out ? dir_make(*out) : error_nomem();
}

/* A colon would end a folder's name in PATH; dpkg-buildflags(1) knows few other characters. */
struct error *package_dir(const char *name, char **out)
{
	char *package __free = NULL, *version __free = NULL, *dir __free = NULL;

	TRY(package_name(name, &package, &version));
	TRY(packages_dir(&dir));
	for (char *s = version; *s; s++)
		if (*s == ':')
			*s = '_';
	*out = str_printf("%s/%s_%s", dir, package, version);
	return *out ? NULL : error_nomem();
}

struct error *package_root(const char *dir, bool writable, struct toolchain **out)
{
	struct toolchain *t __cleanup_toolchain = calloc(1, sizeof(*t));

	if (!t)
		return error_nomem();
	t->name = strdup("package");
	t->dir = strdup(dir);
	t->place = strdup(dir);
	t->temporary = realpath(tmpdir_usual(), NULL);
	if (!t->name || !t->dir || !t->place || !t->temporary)
		return error_nomem();
	t->binds[0] = (struct root_bind){ t->temporary, true };
	t->binds[1] = (struct root_bind){ t->place, writable };
	t->root = (struct root){ t->dir, t->binds, 2 };
	*out = take(t);
	return NULL;
}

/* --- opening --------------------------------------------------------------------------- */

static struct error *copy_string(const struct json_value *o, const char *key, char **out)
{
	const char *s = NULL;

	TRY(json_need_string(o, key, &s));
	*out = strdup(s);
	return *out ? NULL : error_nomem();
}

static struct error *read_file(const struct json_value *o, struct app *a)
{
	const struct json_value *proven = json_member(o, "proven");
	struct app_file f = { .is_proven = proven && proven->type == JSON_BOOL && proven->truth };
	const char *name = NULL, *built = NULL;

	TRY(json_need_string(o, "name", &name));
	TRY(json_need_string_or_null(o, "built", &built));
	if (*name != '/' || strstr(name, "/../"))
		return error_failed("\"name\" is no absolute path");
	f.name = arena_strdup(&a->arena, name);
	f.path = arena_printf(&a->arena, "%s/shipped%s", a->target->dir, name);
	f.built = built ? arena_printf(&a->arena, "%s/%s", a->target->dir, built) : NULL;
	if (!f.name || !f.path || (built && !f.built))
		return error_nomem();
	return vec_push(&a->files, f);
}

static struct error *read_manifest(struct app *a)
{
	struct target *t = a->target;
	char *path __free = str_printf("%s/package.json", t->dir);
	struct strbuf text __cleanup_strbuf = { 0 };
	struct arena arena __cleanup(arena_free) = { 0 };
	const struct json_value *o = NULL, *files = NULL;

	if (!path)
		return error_nomem();
	TRY(file_read(path, &text));
	TRY_CONTEXT(json_parse(strbuf_str(&text), text.n, &arena, &o), "%s", path);
	TRY(copy_string(o, "target", &t->name));
	TRY(copy_string(o, "version", &t->version));
	TRY(copy_string(o, "package", &a->package));
	TRY(copy_string(o, "compiler", &t->compiler_text));
	TRY(target_packages_read(o, &t->packages));
	TRY(json_need_list(o, "files", &files));
	for (size_t i = 0; i < files->n; i++)
		TRY(read_file(&files->items[i], a));
	return NULL;
}

static struct error *open_dir(const char *dir, struct app **out)
{
	struct app *a __cleanup_app = calloc(1, sizeof(*a));
	char *database __free = str_printf("%s/compile_commands.json", dir);

	if (!a || !database)
		return error_nomem();
	a->target = calloc(1, sizeof(*a->target));
	if (!a->target)
		return error_nomem();
	a->target->dir = strdup(dir);
	a->target->tree = str_printf("%s/tree", dir);
	a->target->release = strdup("");
	if (!a->target->dir || !a->target->tree || !a->target->release)
		return error_nomem();
	TRY(read_manifest(a));
	TRY(package_root(dir, false, &a->target->toolchain));
	TRY(compile_db_read(database, &a->db));
	*out = take(a);
	return NULL;
}

struct error *app_open_package(const char *name, struct app **out)
{
	char *dir __free = NULL;

	TRY(package_dir(name, &dir));
	if (!file_is_dir(dir))
		return error_advise(error_failed("there is no target %s here", name),
				    "suture target add %s", name);
	return error_advise(error_context(open_dir(dir, out), "the target %s is unusable", name),
			    "suture target remove %s, then add it again", name);
}

/* --- removing, listing ------------------------------------------------------------------ */

struct error *app_remove_package(const char *name)
{
	char *dir __free = NULL;
	int lock __closefd = -1;

	TRY(package_dir(name, &dir));
	TRY(store_lock(&lock));
	if (!file_is_dir(dir))
		return error_failed("there is no target %s here", name);
	return dir_remove(dir);
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
	*d = NULL;
}

struct error *app_list_packages(struct strbuf *out)
{
	DIR *d __cleanup(close_dir) = NULL;
	char *store __free = NULL;
	struct dirent *ent;

	TRY(packages_dir(&store));
	d = opendir(store);
	if (!d)
		return error_errno(errno, "%s", store);
	while ((ent = readdir(d))) {
		char *name __free = strdup(ent->d_name);
		char *mark = name ? strchr(name, '_') : NULL;

		if (!name)
			return error_nomem();
		if (*name == '.' || !mark)
			continue;
		*mark = '=';
		for (char *s = mark; *s; s++)
			if (*s == '_')
				*s = ':';
		TRY(strbuf_printf(out, KIND "%s\n", name));
	}
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* What is there: names, opening, removing. Making one is toolchain_make.c's. */
#include "source/toolchain.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/json_read.h"
#include "source/manifest.h"
#include "source/store.h"
#include "source/toolchain_store.h"

void toolchain_free(struct toolchain **t)
{
	struct toolchain *p = *t;

	if (!p)
		return;
	target_packages_free(&p->packages);
	free(p->name);
	free(p->dir);
	free(p->place);
	free(p->temporary);
	free(p->kernel);
	free(p);
	*t = NULL;
}

bool toolchain_is_name(const char *name)
{
	if (!isalnum((unsigned char)*name))
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("+-.~_", *name))
			return false;
	return true;
}

struct error *toolchain_compiler(const char *compiler_text, char **package, char **version)
{
	static const char triplet[] = "x86_64-linux-gnu-", vendor[] = " (Debian ";
	const char *s = compiler_text, *at, *end;
	char *name __free = NULL, *number __free = NULL;

	if (str_starts(s, triplet))
		s += sizeof(triplet) - 1;
	at = strstr(s, vendor);
	end = at ? strchr(at, ')') : NULL;
	if (!str_starts(s, "gcc-") || !end)
		return error_refused("the compiler '%s' is no gcc of Debian's", compiler_text);
	name = strndup(s, (size_t)(at - s));
	at += sizeof(vendor) - 1;
	number = strndup(at, (size_t)(end - at));
	if (!name || !number)
		return error_nomem();
	if (!toolchain_is_name(name) || !toolchain_is_name(number))
		return error_refused("the compiler '%s' has a strange version", compiler_text);
	*package = take(name);
	*version = take(number);
	return NULL;
}

struct error *toolchain_store(char **out)
{
	char *cache __free = NULL;

	TRY(cache_dir(&cache));
	*out = str_printf("%s/toolchains", cache);
	return *out ? dir_make(*out) : error_nomem();
}

struct error *toolchain_path(const char *name, char **out)
{
	char *store __free = NULL;

	TRY(toolchain_store(&store));
	*out = str_printf("%s/%s", store, name);
	return *out ? NULL : error_nomem();
}

/* --- opening ----------------------------------------------------------------------- */

static struct error *read_manifest(struct toolchain *t)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct arena arena __cleanup(arena_free) = { 0 };
	char *path __free = str_printf("%s/toolchain.json", t->dir);
	const struct json_value *o;

	if (!path)
		return error_nomem();
	TRY(file_read(path, &text));
	TRY_CONTEXT(json_parse(strbuf_str(&text), text.n, &arena, &o), "%s", path);
	return error_context(target_packages_read(o, &t->packages), "%s", path);
}

struct error *toolchain_open(const char *name, const char *place, bool writable,
			     struct toolchain **out)
{
	struct toolchain *t __cleanup_toolchain = calloc(1, sizeof(*t));

	if (!t)
		return error_nomem();
	if (!toolchain_is_name(name))
		return error_failed("'%s' is no name of a toolchain", name);
	t->name = strdup(name);
	t->place = strdup(place);
	t->temporary = realpath(tmpdir_usual(), NULL);
	if (!t->temporary)
		return error_errno(errno, "%s", tmpdir_usual());
	if (!t->name || !t->place)
		return error_nomem();
	TRY(toolchain_path(name, &t->dir));
	TRY_CONTEXT(read_manifest(t), "the toolchain %s", name);
	t->binds[0] = (struct root_bind){ t->temporary, true };
	t->binds[1] = (struct root_bind){ t->place, writable };
	t->root = (struct root){ t->dir, t->binds, 2 };
	*out = take(t);
	return NULL;
}

struct error *toolchain_see(struct toolchain *t, const char *target)
{
	char *full __free = NULL, *key __free = NULL;

	TRY(target_key(target, &full, &key));
	TRY(store_path(key, &t->kernel));
	t->binds[t->root.n++] = (struct root_bind){ t->kernel, false };
	return NULL;
}

/* --- removing ---------------------------------------------------------------------- */

struct users {
	struct target **v;
	size_t n;
	bool all; /* whole ones are in use, whoever uses them */
};

static void users_free(struct users *u)
{
	for (size_t i = 0; i < u->n; i++)
		target_free(&u->v[i]);
	free(u->v);
}

static bool is_used(const struct users *u, const char *name)
{
	if (u->all)
		return *name != '.';
	for (size_t i = 0; i < u->n; i++)
		if (u->v[i]->toolchain && str_equal(u->v[i]->toolchain->name, name))
			return true;
	return false;
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
	*d = NULL;
}

static struct error *sweep(const struct users *users)
{
	DIR *d __cleanup(close_dir) = NULL;
	char *store __free = NULL;
	struct dirent *ent;

	TRY(toolchain_store(&store));
	d = opendir(store);
	if (!d)
		return error_errno(errno, "%s", store);
	while ((ent = readdir(d))) {
		char *path __free = str_printf("%s/%s", store, ent->d_name);

		if (!path)
			return error_nomem();
		if (str_equal(ent->d_name, ".") || str_equal(ent->d_name, "..") ||
		    is_used(users, ent->d_name))
			continue;
		TRY(dir_remove(path));
	}
	return NULL;
}

struct error *toolchain_sweep(void)
{
	struct users users __cleanup(users_free) = { 0 };

	TRY(target_list(&users.v, &users.n));
	return sweep(&users);
}

struct error *toolchain_sweep_temporary(void)
{
	const struct users users = { .all = true };

	return sweep(&users);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Targets in the cache: opening, listing, removing. Making one is target_add.c's. */
#include "source/target.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/subprocess.h"
#include "source/manifest.h"
#include "source/store.h"
#include "source/toolchain.h"

void target_free(struct target **t)
{
	struct target *p = *t;

	if (!p)
		return;
	target_packages_free(&p->packages);
	toolchain_free(&p->toolchain);
	free(p->name);
	free(p->release);
	free(p->version);
	free(p->dir);
	free(p->source);
	free(p->build);
	free(p->kernel);
	free(p->folder);
	free(p->tree);
	free(p->image);
	free(p->vmlinuz);
	free(p->modules);
	free(p->compiler);
	free(p->compiler_text);
	free(p);
	*t = NULL;
}

static struct error *open_dir(const char *dir, struct target **out)
{
	struct target *t __cleanup_target = calloc(1, sizeof(*t));

	if (!t)
		return error_nomem();
	t->dir = strdup(dir);
	if (!t->dir)
		return error_nomem();
	TRY(manifest_read(t));
	*out = take(t);
	return NULL;
}

struct error *target_open(const char *name, struct target **out)
{
	char *full __free = NULL, *key __free = NULL, *dir __free = NULL;

	TRY(target_key(name, &full, &key));
	TRY(store_path(key, &dir));
	if (!file_is_dir(dir))
		return error_advise(error_failed("there is no target %s here", name),
				    "suture target add %s", name);
	return error_advise(error_context(open_dir(dir, out), "the target %s is unusable", name),
			    "suture target remove %s, then add it again", name);
}

static int by_name(const void *a, const void *b)
{
	return strverscmp((*(struct target *const *)a)->name, (*(struct target *const *)b)->name);
}

struct targets {
	VEC(struct target *) list;
};

static void targets_free(struct targets *all)
{
	vec_for_each(&all->list, it)
		target_free(it);
	vec_free(&all->list);
}

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
	*d = NULL;
}

struct error *target_list(struct target ***out, size_t *n)
{
	struct targets all __cleanup(targets_free) = { 0 };
	char *store __free = NULL;
	DIR *d __cleanup(close_dir) = NULL;
	struct dirent *ent;

	TRY(store_dir(&store));
	d = opendir(store);
	if (!d)
		return error_errno(errno, "%s", store);
	while ((ent = readdir(d))) {
		struct target *t __cleanup_target = NULL;
		char *dir __free = NULL;

		if (store_is_temporary(ent->d_name) || ent->d_name[0] == '.')
			continue;
		dir = str_printf("%s/%s", store, ent->d_name);
		if (!dir)
			return error_nomem();
		TRY(open_dir(dir, &t));
		TRY(vec_push(&all.list, t));
		t = NULL;
	}
	vec_sort(&all.list, by_name);
	*out = take(all.list.v);
	*n = all.list.n;
	all.list.n = all.list.cap = 0;
	return NULL;
}

struct error *target_remove(const char *name)
{
	char *full __free = NULL, *key __free = NULL, *dir __free = NULL, *gone __free = NULL;
	struct error *sweep __cleanup_error = NULL;
	int lock __closefd = -1, own __closefd = -1;

	TRY(target_key(name, &full, &key));
	TRY(store_path(key, &dir));
	TRY(store_lock(&lock));
	if (!file_is_dir(dir))
		return error_new(ERROR_NOTHING, "there is no target %s here", name);
	TRY(store_lock_target(dir, &own));
	/* It is gone at once, for everyone; what is left of it is only bytes. */
	TRY(store_temporary(key, &gone));
	if (rename(dir, gone) < 0)
		return error_errno(errno, "removing %s", dir);
	TRY(dir_remove(gone));
	sweep = toolchain_sweep();
	if (sweep)
		log_verbose("toolchains were left as they are: %s", error_message(sweep));
	return NULL;
}

const struct root *target_root(const struct target *t)
{
	return t->toolchain ? &t->toolchain->root : NULL;
}

static bool same_line(const char *output, const char *text)
{
	size_t n = strcspn(output, "\n");

	return n == strlen(text) && !strncmp(output, text, n);
}

struct error *target_check_compiler(const struct target *t)
{
	struct strbuf said __cleanup_strbuf = { 0 };
	struct subprocess p = { .argv = subprocess_words(t->compiler, "--version"),
				.env = subprocess_words("LC_ALL=C"),
				.root = target_root(t),
				.out = &said };

	TRY(error_advise(error_context(subprocess_run(&p), "the compiler of %s", t->release),
			 "install the package %s", t->compiler));
	if (same_line(strbuf_str(&said), t->compiler_text))
		return NULL;
	return error_advise(error_refused("%s was built with '%s', but %s here is '%.*s': other "
					  "code would come out, and none of it could be matched",
					  t->release, t->compiler_text, t->compiler,
					  (int)strcspn(strbuf_str(&said), "\n"), strbuf_str(&said)),
			    "install that version of the package %s", t->compiler);
}

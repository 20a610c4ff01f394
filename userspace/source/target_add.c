// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Making a target: everything happens in a temporary folder of the store, which gets the
 * target's name when it is whole.
 */
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/progress.h"
#include "image/image.h"
#include "source/fetch.h"
#include "source/kbuild.h"
#include "source/kernel_packages.h"
#include "source/manifest.h"
#include "source/module_folder.h"
#include "source/store.h"
#include "source/target_make.h"
#include "source/toolchain.h"
#include "source/tree.h"

/* What a target needs while it is made, packages included; rounded up from 2.1 GB. */
#define ROOM (2300ull * 1000 * 1000)

static struct error *check_room(const char *dir)
{
	struct statvfs fs;
	uint64_t room;

	if (statvfs(dir, &fs) < 0)
		return error_errno(errno, "%s", dir);
	room = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (room >= ROOM)
		return NULL;
	return error_advise(error_failed("a target needs %s while it is made; %s has %s left",
					 str_size(ROOM).s, dir, str_size(room).s),
			    "free some, or set SUTURE_CACHE to a folder elsewhere");
}

struct error *target_config_string(const char *dir, const char *name, char **out)
{
	struct strbuf config __cleanup_strbuf = { 0 };
	char *path __free = str_printf("%s/tree/.config", dir);
	char *line __free = str_printf("\n%s=\"", name);
	const char *at;

	if (!path || !line)
		return error_nomem();
	TRY(file_read(path, &config));
	at = strstr(strbuf_str(&config), line);
	if (!at)
		return error_failed("the kernel's configuration has no %s", name);
	at += strlen(line);
	*out = strndup(at, strcspn(at, "\"\n"));
	return *out ? NULL : error_nomem();
}

static struct error *read_compiler(struct target *t)
{
	TRY(target_config_string(t->dir, "CONFIG_CC_VERSION_TEXT", &t->compiler_text));
	t->compiler = strndup(t->compiler_text, strcspn(t->compiler_text, " "));
	return t->compiler ? NULL : error_nomem();
}

struct error *target_make_image(struct target *t)
{
	struct image *img __cleanup_image = NULL;
	char *vmlinuz __free = str_printf("%s/vmlinuz", t->dir);
	char *image __free = str_printf("%s/image", t->dir);

	if (!vmlinuz || !image)
		return error_nomem();
	progress_step("reading the kernel image and its symbols");
	TRY_CONTEXT(image_open_vmlinuz(vmlinuz, &img), "the image of %s", t->release);
	t->n_symbols = img->symbols.n;
	return image_write_cache(img, image);
}

static void close_fts(FTS **f)
{
	if (*f)
		fts_close(*f);
	*f = NULL;
}

/* "x.ko", "x.ko.xz" */
static bool is_module(const char *name)
{
	const char *ko = strstr(name, ".ko");

	while (ko && ko[3] && ko[3] != '.')
		ko = strstr(ko + 3, ".ko");
	return ko;
}

struct error *target_measure(struct target *t)
{
	char *const roots[] = { t->dir, NULL };
	FTS *walk __cleanup(close_fts) = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *ent;

	if (!walk)
		return error_errno(errno, "reading %s", t->dir);
	t->bytes = t->n_modules = 0;
	while ((ent = fts_read(walk))) {
		if (ent->fts_info != FTS_F)
			continue;
		t->bytes += (uint64_t)ent->fts_statp->st_blocks * 512;
		t->n_modules += is_module(ent->fts_name);
	}
	return NULL;
}

static struct error *record_packages(struct target *t, const struct kernel_packages *k)
{
	const struct package *all[KERNEL_PACKAGES];
	size_t n = kernel_packages_all(k, all);

	t->version = strdup(k->image.version);
	if (!t->version)
		return error_nomem();
	for (size_t i = 0; i < n; i++)
		TRY(target_packages_add(&t->packages, all[i]));
	return NULL;
}

/* The host's own compiler if it is the right one, else a toolchain of the kernel's suite. */
static struct error *choose_toolchain(struct target *t, const struct kernel_packages *k)
{
	struct error *e __cleanup_error = target_check_compiler(t);
	char *name __free = NULL;

	if (!e)
		return NULL;
	if (error_kind(e) == ERROR_INTERRUPTED)
		return take(e);
	log_info("%s is not on this system; it gets a root of its own", t->compiler_text);
	TRY(toolchain_prepare(&k->apt, t->compiler_text, k->kbuild.depends, &name));
	TRY(toolchain_open(name, t->dir, true, &t->toolchain));
	return target_check_compiler(t);
}

/* Everything, in the temporary folder t->dir. */
static struct error *make_of_packages(struct target *t)
{
	struct kernel_packages k __cleanup_kernel_packages = { 0 };
	double started = clock_seconds();

	progress_step("looking for the packages of %s", t->release);
	TRY(kernel_packages_find(t->release, &k));
	TRY(record_packages(t, &k));
	TRY(kernel_fetch(&k, t->release, t->dir));
	TRY(read_compiler(t));
	TRY(choose_toolchain(t, &k));
	TRY(target_make_image(t));
	progress_step("asking the kernel's makefiles what they compile");
	TRY(kbuild_survey(t, "", &t->n_units));
	progress_step("measuring");
	TRY(target_measure(t));
	t->seconds = clock_seconds() - started;
	TRY(manifest_write(t, t->dir));
	progress_done();
	return NULL;
}

static struct error *make(struct target *t)
{
	size_t changed = 0;

	if (t->folder)
		return target_make_modules(t, &changed);
	return t->source ? target_make_tree(t, &changed) : make_of_packages(t);
}

/* A failure leaves nothing; the first error counts. */
static struct error *make_or_remove(struct target *t)
{
	struct error *e = make(t), *clean __cleanup_error = NULL;

	if (e)
		clean = dir_remove(t->dir);
	return e;
}

static struct error *set_source(struct target *t, const char *path, const char *kernel)
{
	struct tree_origin origin __cleanup_tree_origin = { 0 };

	if (!tree_is(path) && module_folder_is(path)) {
		t->source = strdup(path);
		if (!t->source)
			return error_nomem();
		TRY(module_folder_name(path, NULL, &t->folder));
		return target_modules_kernel(path, kernel, &t->kernel);
	}
	TRY(tree_find(path, &origin));
	t->source = take(origin.source);
	t->build = take(origin.build);
	return NULL;
}

static struct error *new_target(const char *name, const char *key, const char *kernel,
				struct target **out)
{
	struct target *t __cleanup_target = calloc(1, sizeof(*t));

	if (!t)
		return error_nomem();
	t->name = strdup(name);
	if (!t->name)
		return error_nomem();
	if (str_starts(name, TREE_KIND))
		TRY(set_source(t, name + strlen(TREE_KIND), kernel));
	else
		TRY(target_release(name, &t->release));
	if (kernel && !t->folder)
		return error_usage("--kernel is for a folder of modules, and %s is a kernel", name);
	TRY(store_temporary(key, &t->dir));
	*out = take(t);
	return NULL;
}

static struct error *add(const char *given, const char *kernel, struct target **out)
{
	char *name __free = NULL, *key __free = NULL, *final __free = NULL, *store __free = NULL;
	struct target *t __cleanup_target = NULL;
	int lock __closefd = -1;

	TRY(target_key(given, &name, &key));
	TRY(store_path(key, &final));
	TRY(store_dir(&store));
	/* Whole as soon as it has its name: no need to wait for others to know. */
	if (!file_is_dir(final))
		TRY(store_lock(&lock));
	if (file_is_dir(final))
		return error_new(ERROR_NOTHING, "the target %s is there already", name);
	TRY(store_sweep());
	TRY(new_target(name, key, kernel, &t));
	if (!t->folder)
		TRY(check_room(store));
	TRY(dir_make(t->dir));
	TRY_CONTEXT(make_or_remove(t), "preparing %s", name);
	if (rename(t->dir, final) < 0)
		return error_errno(errno, "keeping %s", final);
	return target_open(name, out);
}

struct error *target_add(const char *name, struct target **out)
{
	return add(name, NULL, out);
}

struct error *target_add_modules(const char *name, const char *kernel, struct target **out)
{
	return add(name, kernel, out);
}

struct error *target_available(struct strbuf *out)
{
	struct strbuf text __cleanup_strbuf = { 0 }, trouble __cleanup_strbuf = { 0 };
	int lock __closefd = -1;

	TRY(store_lock(&lock));
	TRY(kernel_packages_list(&text, &trouble));
	progress_done();
	if (trouble.n)
		log_info("not all suites could be asked:\n%s", trouble.s);
	for (const char *s = strbuf_str(&text); *s; s += strcspn(s, "\n") + 1) {
		size_t suite = strcspn(s, " ");

		TRY(strbuf_printf(out, "%.*s kernel:%.*s\n", (int)suite, s,
				  (int)strcspn(s + suite + 1, "\n"), s + suite + 1));
	}
	return NULL;
}

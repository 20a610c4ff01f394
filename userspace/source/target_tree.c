// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Making a target of a maintainer's tree, and following the tree afterwards. A change of
 * sources alone costs their copying; anything else is made again, as in a build.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/progress.h"
#include "source/include_survey.h"
#include "source/kbuild.h"
#include "source/manifest.h"
#include "source/store.h"
#include "source/target_make.h"
#include "source/tree.h"

static struct error *config_is(const char *dir, const char *line, bool *out)
{
	struct strbuf config __cleanup_strbuf = { 0 };
	char *path __free = str_printf("%s/.config", dir);
	char *whole __free = str_printf("\n%s\n", line);

	if (!path || !whole)
		return error_nomem();
	TRY(file_read(path, &config));
	*out = strstr(strbuf_str(&config), whole) != NULL;
	return NULL;
}

/* Asked of the maintainer's tree itself: what is refused changes nothing here. */
static struct error *check_config(const struct tree_origin *o)
{
	static const struct {
		const char *line;
		bool wanted;
		const char *what, *advice;
	} rows[] = {
		{ "CONFIG_X86_64=y", true, "CONFIG_X86_64 is not set",
		  "a kernel without it can't be patched while it runs" },
		{ "CONFIG_MODULES=y", true, "CONFIG_MODULES is not set",
		  "a kernel without it can't be patched while it runs" },
		{ "CONFIG_LIVEPATCH=y", true, "CONFIG_LIVEPATCH is not set",
		  "a kernel without it can't be patched while it runs" },
		{ "CONFIG_LTO_CLANG=y", false,
		  "CONFIG_LTO_CLANG is set: objects hold no code before the whole kernel is linked",
		  "suture can fix kernels that are configured with CONFIG_LTO_NONE" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool is = false;

		TRY(config_is(o->build ? o->build : o->source, rows[i].line, &is));
		if (is != rows[i].wanted)
			return error_advise(
				error_refused("in this tree's configuration %s", rows[i].what),
				"%s", rows[i].advice);
	}
	return NULL;
}

static struct error *links_with_lld(const struct target *t, bool *lld)
{
	char *tree __free = str_printf("%s/tree", t->dir);

	return tree ? config_is(tree, "CONFIG_LD_IS_LLD=y", lld) : error_nomem();
}

struct error *target_variables(const struct target *t, struct strbuf *makefile)
{
	bool lld = false;

	TRY(links_with_lld(t, &lld));
	TRY(strbuf_printf(makefile, "override CC = %s\n", t->compiler));
	return lld ? strbuf_puts(makefile, "override LD = ld.lld\n") : NULL;
}

static struct error *find_compiler(struct target *t)
{
	free(take(t->compiler));
	free(take(t->compiler_text));
	TRY(target_config_string(t->dir, "CONFIG_CC_VERSION_TEXT", &t->compiler_text));
	return tree_find_compiler(t);
}

static struct error *prepare(const struct target *t)
{
	char *cc __free = str_printf("CC=%s", t->compiler);
	bool lld = false;

	if (!cc)
		return error_nomem();
	TRY(links_with_lld(t, &lld));
	return tree_prepare(t->dir, (const char *[]){ cc, lld ? "LD=ld.lld" : NULL, NULL });
}

/* The first line of a file of the tree, allocated. */
static struct error *first_line(const struct target *t, const char *name, char **out)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	char *path __free = str_printf("%s/tree/%s", t->dir, name);

	if (!path)
		return error_nomem();
	TRY(file_read(path, &text));
	free(take(*out));
	*out = strndup(strbuf_str(&text), strcspn(strbuf_str(&text), "\n"));
	return *out ? NULL : error_nomem();
}

struct error *target_forget(const struct target *t, bool all)
{
	static const char *const names[] = { "objects", "commands", "payload" };

	for (size_t i = 0; i < (all ? ARRAY_SIZE(names) : 1); i++) {
		char *path __free = str_printf("%s/%s", t->dir, names[i]);

		if (!path)
			return error_nomem();
		TRY(dir_remove(path));
	}
	return NULL;
}

struct error *target_mark_surveyed(const struct target *t, bool surveyed)
{
	char *path __free = str_printf("%s/surveyed", t->dir);

	if (!path)
		return error_nomem();
	return surveyed ? file_write(path, "", 0, 0644) : dir_remove(path);
}

bool target_is_surveyed(const struct target *t)
{
	char *path __free = str_printf("%s/surveyed", t->dir);

	return path && file_exists(path);
}

/* Versions and the makefiles' knowledge, after anything but plain sources changed. */
static struct error *survey(struct target *t)
{
	struct strbuf variables __cleanup_strbuf = { 0 };

	TRY(find_compiler(t));
	TRY(prepare(t));
	TRY(target_variables(t, &variables));
	TRY(first_line(t, "include/config/kernel.release", &t->release));
	free(take(t->version));
	t->version = strndup(t->release, strspn(t->release, "0123456789."));
	if (!t->version)
		return error_nomem();
	progress_step("asking the kernel's makefiles what they compile");
	return kbuild_survey(t, strbuf_str(&variables), &t->n_units);
}

static struct error *take_image(struct target *t, const struct tree_origin *o, size_t *changed)
{
	struct mirror_changes modules = { 0 };
	char *image __free = str_printf("%s/image", t->dir);
	bool has_image = false;

	if (!image)
		return error_nomem();
	TRY(tree_copy_built(o, t->dir, t->release, &modules, &has_image));
	*changed += modules.files;
	if (!has_image)
		t->n_symbols = 0;
	if (!has_image || file_exists(image))
		return NULL;
	++*changed;
	return target_make_image(t);
}

struct error *target_make_tree(struct target *t, size_t *changed)
{
	const struct tree_origin o = { t->source, t->build };
	struct mirror_changes changes = { 0 };
	double started = clock_seconds();
	bool again;

	TRY(check_config(&o));
	progress_step("copying what is new in %s", t->source);
	TRY(tree_copy(&o, t->dir, &changes));
	again = changes.other || !target_is_surveyed(t);
	if (again || changes.files) {
		TRY(target_mark_surveyed(t, false));
		TRY(target_forget(t, again));
		TRY(again ? survey(t) : include_survey(t->dir));
		TRY(target_mark_surveyed(t, true));
	}
	*changed = changes.files;
	TRY(take_image(t, &o, changed));
	if (!*changed)
		return NULL;
	TRY(target_measure(t));
	t->seconds = clock_seconds() - started;
	return manifest_write(t, t->dir);
}

/* The tree may have been built elsewhere since, or be gone. */
struct error *target_follow(struct target *t, size_t *changed)
{
	struct tree_origin now __cleanup_tree_origin = { 0 };

	if (t->folder)
		return target_make_modules(t, changed);
	TRY(tree_find(t->name + strlen(TREE_KIND), &now));
	free(t->source);
	free(t->build);
	t->source = take(now.source);
	t->build = take(now.build);
	return target_make_tree(t, changed);
}

struct error *target_refresh(struct target **at, size_t *changed)
{
	struct target *t = *at, *fresh = NULL;
	int lock __closefd = -1;

	*changed = 0;
	if (!t->source)
		return NULL;
	TRY(store_lock_target(t->dir, &lock));
	TRY_CONTEXT(target_follow(t, changed), "following %s", t->name);
	progress_done();
	if (!*changed)
		return NULL;
	log_info("%s: %zu files are different since the last time", t->name, *changed);
	TRY(target_open(t->name, &fresh));
	target_free(at);
	*at = fresh;
	return NULL;
}

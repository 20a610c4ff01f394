// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Making a target of a folder of modules, and following the folder, and the kernel that the
 * modules belong to, afterwards.
 */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/progress.h"
#include "source/include_survey.h"
#include "source/kbuild.h"
#include "source/manifest.h"
#include "source/module_folder.h"
#include "source/module_tree.h"
#include "source/target_make.h"
#include "source/toolchain.h"

/* --- the kernel ------------------------------------------------------------------------ */

static struct error *find_kernel(const char *source, const char *release, char **out)
{
	struct target **all = NULL;
	struct error *e = NULL;
	size_t n = 0;

	TRY(target_list(&all, &n));
	for (size_t i = 0; i < n; i++) {
		if (!e && !*out && !all[i]->folder && str_equal(all[i]->release, release)) {
			*out = strdup(all[i]->name);
			e = *out ? NULL : error_nomem();
		}
		target_free(&all[i]);
	}
	free(all);
	if (e || *out)
		return e;
	return error_advise(error_failed("the modules in %s were built for %s, and there is no "
					 "target of that kernel",
					 source, release),
			    "suture target add kernel:%s, or tree:PATH if it is your own", release);
}

struct error *target_modules_kernel(const char *source, const char *given, char **kernel)
{
	struct module_folder f __cleanup_module_folder = { 0 };
	struct target *t __cleanup_target = NULL;

	TRY(module_folder_read(source, &f));
	if (!given && f.release)
		return find_kernel(source, f.release, kernel);
	if (!given)
		return error_advise(error_failed("there are no built modules in %s that would tell "
						 "which kernel they belong to",
						 source),
				    "build them, or say --kernel TARGET");
	TRY(target_open(given, &t));
	if (t->folder)
		return error_usage("%s is a folder of modules, not a kernel", given);
	*kernel = strdup(t->name);
	return *kernel ? NULL : error_nomem();
}

/* The kernel's target as it is now. */
static struct error *open_kernel(const struct target *t, struct target **out)
{
	struct target *k __cleanup_target = NULL;
	size_t changed = 0;

	TRY(target_open(t->kernel, &k));
	if (k->source)
		TRY_CONTEXT(target_follow(k, &changed), "following %s", k->name);
	if (changed) {
		target_free(&k);
		TRY(target_open(t->kernel, &k));
	}
	*out = take(k);
	return NULL;
}

static struct error *set(char **to, const char *from)
{
	free(take(*to));
	*to = strdup(from);
	return *to ? NULL : error_nomem();
}

static struct error *copy_packages(struct target *t, const struct target *kernel)
{
	target_packages_free(&t->packages);
	vec_for_each(&kernel->packages, p) {
		struct package known = {
			.name = p->name, .version = p->version, .sha256 = p->sha256, .size = p->size
		};

		TRY(target_packages_add(&t->packages, &known));
	}
	return NULL;
}

static struct error *take_after(struct target *t, const struct target *kernel)
{
	TRY(set(&t->release, kernel->release));
	TRY(set(&t->version, kernel->version));
	TRY(set(&t->compiler, kernel->compiler));
	TRY(set(&t->compiler_text, kernel->compiler_text));
	TRY(copy_packages(t, kernel));
	t->n_symbols = kernel->n_symbols;
	toolchain_free(&t->toolchain);
	if (!kernel->toolchain)
		return NULL;
	TRY(toolchain_open(kernel->toolchain->name, t->dir, true, &t->toolchain));
	return toolchain_see(t->toolchain, kernel->name);
}

/* Is everything here of the kernel's target as it is now? Else all is made again. */
static struct error *same_kernel(const struct target *t, const struct target *kernel, bool *same)
{
	char *theirs __free = str_printf("%s/target.json", kernel->dir);
	char *ours __free = str_printf("%s/kernel.json", t->dir);
	struct strbuf now __cleanup_strbuf = { 0 }, then __cleanup_strbuf = { 0 };

	if (!theirs || !ours)
		return error_nomem();
	*same = false;
	if (!file_exists(ours))
		return NULL;
	TRY(file_read(theirs, &now));
	TRY(file_read(ours, &then));
	*same = now.n == then.n && !memcmp(strbuf_str(&now), strbuf_str(&then), now.n);
	return NULL;
}

static struct error *remember_kernel(const struct target *t, const struct target *kernel)
{
	char *theirs __free = str_printf("%s/target.json", kernel->dir);
	char *ours __free = str_printf("%s/kernel.json", t->dir);

	return theirs && ours ? file_copy(theirs, ours) : error_nomem();
}

/* --- making ---------------------------------------------------------------------------- */

static struct error *forget_kernel(struct target *t)
{
	static const char *const names[] = { "kernel.json", "source.list", "modules.list" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *path __free = str_printf("%s/%s", t->dir, names[i]);

		if (!path)
			return error_nomem();
		TRY(dir_remove(path));
	}
	return target_mark_surveyed(t, false);
}

/* A tree and modules without anything of this folder yet. */
static struct error *start(struct target *t, const struct target *kernel)
{
	TRY(forget_kernel(t));
	TRY(take_after(t, kernel));
	free(take(t->folder));
	TRY(module_folder_name(t->source, kernel->tree, &t->folder));
	TRY(module_tree_link(kernel, t->dir));
	TRY(module_tree_share(kernel, t->dir));
	return remember_kernel(t, kernel);
}

/* Where all was when the modules were built, or would be. */
static struct error *look_at_build(const struct target *t, const struct target *kernel,
				   const struct module_folder *f, struct module_build *out)
{
	bool within = false;

	TRY(module_compiles_within(kernel->tree, &within));
	*out = (struct module_build){ .folder = t->folder, .built_at = f->built_at };
	if (within)
		out->kernel_at = f->kernel_at ? f->kernel_at : kernel->tree;
	return NULL;
}

static struct error *survey(struct target *t, const char *makefile)
{
	progress_step("asking kbuild what %s compiles", t->source);
	TRY(kbuild_survey(t, makefile, &t->n_units));
	if (t->n_units)
		return NULL;
	return error_failed("kbuild compiles nothing in %s: its makefile lists no module with "
			    "obj-m for this kernel",
			    t->source);
}

static struct error *check_release(const struct target *t, const struct module_folder *f)
{
	if (!f->release || str_equal(f->release, t->release))
		return NULL;
	return error_advise(error_refused("the modules in %s were built for %s, but %s is %s",
					  t->source, f->release, t->kernel, t->release),
			    "build them for it, or remove the target and add it for their kernel");
}

static struct error *make(struct target *t, const struct target *kernel, size_t *changed)
{
	struct module_folder f __cleanup_module_folder = { 0 };
	struct mirror_changes source = { 0 }, modules = { 0 };
	struct strbuf makefile __cleanup_strbuf = { 0 };
	struct module_build build;
	bool again;

	TRY(module_folder_read(t->source, &f));
	TRY(check_release(t, &f));
	TRY(look_at_build(t, kernel, &f, &build));
	TRY(target_variables(t, &makefile));
	TRY(module_variables(&build, &makefile));
	progress_step("copying what is new in %s", t->source);
	TRY(module_tree_copy(t, &source));
	again = source.other || !target_is_surveyed(t);
	if (again || source.files) {
		TRY(target_mark_surveyed(t, false));
		TRY(target_forget(t, again));
		TRY(again ? survey(t, strbuf_str(&makefile)) : include_survey(t->dir));
	}
	if (f.release || again || source.files)
		TRY(module_tree_modules(t, kernel, &f, &build, &modules));
	if (again || source.files)
		TRY(target_mark_surveyed(t, true));
	*changed = source.files + modules.files;
	return NULL;
}

struct error *target_make_modules(struct target *t, size_t *changed)
{
	struct target *kernel __cleanup_target = NULL;
	double started = clock_seconds();
	bool same = false;

	if (!file_is_dir(t->source))
		return error_failed("%s is no folder", t->source);
	TRY(open_kernel(t, &kernel));
	TRY(same_kernel(t, kernel, &same));
	if (!same)
		TRY(start(t, kernel));
	TRY(make(t, kernel, changed));
	*changed += !same;
	if (!*changed)
		return NULL;
	TRY(target_measure(t));
	t->seconds = clock_seconds() - started;
	return manifest_write(t, t->dir);
}

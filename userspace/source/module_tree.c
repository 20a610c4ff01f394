// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/module_tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/subprocess.h"
#include "source/module_info.h"
#include "source/target_make.h"
#include "source/tree.h"

static void close_dir(DIR **d)
{
	if (*d)
		closedir(*d);
	*d = NULL;
}

static struct error *link_to(const char *from, const char *to)
{
	return symlink(from, to) ? error_errno(errno, "making %s", to) : NULL;
}

/* A link in 'to' for each entry of 'from', but for one. */
static struct error *link_entries(const char *from, const char *to, const char *but)
{
	DIR *d __cleanup(close_dir) = opendir(from);
	struct dirent *ent;

	if (!d)
		return error_errno(errno, "%s", from);
	TRY(dir_make(to));
	while ((ent = readdir(d))) {
		char *there __free = str_printf("%s/%s", from, ent->d_name);
		char *here __free = str_printf("%s/%s", to, ent->d_name);

		if (!there || !here)
			return error_nomem();
		if (str_equal(ent->d_name, ".") || str_equal(ent->d_name, "..") ||
		    (but && str_equal(ent->d_name, but)))
			continue;
		TRY(link_to(there, here));
	}
	return NULL;
}

struct error *module_tree_link(const struct target *kernel, const char *dir)
{
	char *tree __free = str_printf("%s/tree", dir);

	if (!tree)
		return error_nomem();
	TRY(dir_remove(tree));
	/* The symbols that modules export come to those of the kernel. */
	return link_entries(kernel->tree, tree, "Module.symvers");
}

/* --- the source ------------------------------------------------------------------------ */

static bool wants_source(const char *path, bool is_folder)
{
	static const char *const made[] = { ".git", ".gitignore", "Module.symvers",
					    "modules.order" };
	const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;

	for (size_t i = 0; i < ARRAY_SIZE(made); i++)
		if (str_equal(base, made[i]))
			return false;
	return is_folder || (!tree_is_product(base) && !str_ends(base, ".mod.c"));
}

struct error *module_tree_copy(const struct target *t, struct mirror_changes *changes)
{
	char *copy __free = str_printf("%s/tree/%s", t->dir, t->folder);
	char *list __free = str_printf("%s/source.list", t->dir);
	struct mirror m = { .origin = t->source, .copy = copy, .wants = wants_source };

	if (!copy || !list)
		return error_nomem();
	m.list = list;
	TRY(dir_make(copy));
	return mirror_update(&m, changes);
}

/* --- what was built -------------------------------------------------------------------- */

static struct error *share_file(const struct target *kernel, const char *dir, const char *name)
{
	char *from __free = str_printf("%s/%s", kernel->dir, name);
	char *to __free = str_printf("%s/%s", dir, name);

	if (!from || !to)
		return error_nomem();
	TRY(dir_remove(to));
	return file_exists(from) ? link_to(from, to) : NULL;
}

struct error *module_tree_share(const struct target *kernel, const char *dir)
{
	char *from __free = str_printf("%s/kernel", kernel->modules);
	char *modules __free = str_printf("%s/modules", dir);
	char *to __free = str_printf("%s/kernel", modules);

	if (!from || !modules || !to)
		return error_nomem();
	TRY(share_file(kernel, dir, "image"));
	TRY(share_file(kernel, dir, "vmlinuz"));
	TRY(dir_remove(modules));
	TRY(dir_make(to));
	return file_is_dir(from) ? link_entries(from, to, NULL) : NULL;
}

static struct error *share_symvers(const struct target *kernel, const char *to)
{
	char *from __free = str_printf("%s/Module.symvers", kernel->tree);

	if (!from)
		return error_nomem();
	return file_exists(from) ? link_to(from, to) : NULL;
}

static bool wants_modules(const char *path, bool is_folder)
{
	return is_folder ? wants_source(path, true) : str_ends(path, ".ko");
}

static struct error *copy_modules(const struct target *t, const char *origin, const char *list,
				  struct mirror_changes *changes)
{
	char *copy __free = str_printf("%s/modules/kernel/%s", t->dir, t->folder);
	struct mirror m = { .origin = origin,
			    .copy = copy,
			    .list = list,
			    .wants = wants_modules,
			    .put = tree_copy_stripped };

	if (!copy)
		return error_nomem();
	if (!file_exists(list))
		TRY(dir_remove(copy));
	TRY(dir_make(copy));
	return mirror_update(&m, changes);
}

/*
 * Lines "CRC NAME OWNER KIND NAMESPACE"; an owner in 'place' is in the target's folder, and with
 * NULL each is, named as seen from it.
 */
static struct error *add_exports(const struct target *t, const char *text, const char *place,
				 struct strbuf *out)
{
	size_t k = place ? strlen(place) + 1 : 0;

	for (const char *next; *text; text = next) {
		size_t n = strcspn(text, "\n");
		const char *owner = memchr(text, '\t', n);

		next = text + n + (text[n] == '\n');
		owner = owner ? memchr(owner + 1, '\t', n - (size_t)(owner + 1 - text)) : NULL;
		if (!owner++ || (k && (strncmp(owner, place, k - 1) != 0 || owner[k - 1] != '/')))
			continue;
		TRY(strbuf_printf(out, "%.*s%s/%.*s\n", (int)(owner - text), text, t->folder,
				  (int)(text + n - owner - (long)k), owner + k));
	}
	return NULL;
}

/* dir/tree/Module.symvers: what the kernel and these modules export. */
static struct error *join_exports(const struct target *t, const struct target *kernel,
				  const char *built, const char *place)
{
	char *kernels __free = str_printf("%s/Module.symvers", kernel->tree);
	char *own __free = str_printf("%s/Module.symvers", built);
	char *path __free = str_printf("%s/tree/Module.symvers", t->dir);
	struct strbuf all __cleanup_strbuf = { 0 }, exports __cleanup_strbuf = { 0 };

	if (!kernels || !own || !path)
		return error_nomem();
	if (file_exists(kernels))
		TRY(file_read(kernels, &all));
	if (file_exists(own))
		TRY(file_read(own, &exports));
	TRY(add_exports(t, strbuf_str(&exports), place, &all));
	return file_write(path, strbuf_str(&all), all.n, 0644);
}

static struct error *run_make(const struct target *t, const char *tree, bool within,
			      const char *variables)
{
	char *m __free =
		within ? str_printf("M=%s/%s", tree, t->folder) : str_printf("M=%s", t->folder);
	char *makefiles __free = str_printf("MAKEFILES=%s", variables);
	struct strbuf said __cleanup_strbuf = { 0 };
	struct subprocess make = { .argv = subprocess_words("make", "--no-print-directory", m,
							    "modules"),
				   .env = subprocess_words(makefiles, "LC_ALL=C"),
				   .clear_env = true,
				   .cwd = tree,
				   .root = target_root(t),
				   .out = &said,
				   .err = &said };

	if (!m || !makefiles)
		return error_nomem();
	return error_advise(error_context(subprocess_check(&make), "make M=%s modules", t->source),
			    "build them yourself: suture takes the .ko files that lie there");
}

/* In a tree of its own, so that nothing of it gets into the one that is compiled in later. */
static struct error *build_modules(const struct target *t, const struct target *kernel,
				   const struct module_build *build, struct mirror_changes *changes)
{
	struct strbuf variables __cleanup_strbuf = { 0 };
	char *work __free = str_printf("%s/made", t->dir);
	char *tree __free = str_printf("%s/tree", work), *list __free = str_printf("%s/list", work);
	char *made __free = str_printf("%s/%s", tree, t->folder);
	char *symvers __free = str_printf("%s/Module.symvers", tree);
	char *makefile __free = str_printf("%s/variables.mk", work);
	struct target copy = { .source = t->source, .folder = t->folder, .dir = work };

	if (!work || !tree || !list || !made || !symvers || !makefile)
		return error_nomem();
	TRY(dir_remove(work));
	TRY(module_tree_link(kernel, work));
	TRY(module_tree_copy(&copy, &(struct mirror_changes){ 0 }));
	TRY(share_symvers(kernel, symvers));
	TRY(target_variables(t, &variables));
	TRY(module_make_variables(build, tree, &variables));
	TRY(file_write(makefile, strbuf_str(&variables), variables.n, 0644));
	progress_step("building the modules of a copy of %s", t->source);
	TRY(run_make(t, tree, build->kernel_at, makefile));
	TRY(copy_modules(t, made, list, changes));
	TRY(join_exports(t, kernel, build->kernel_at ? made : tree,
			 build->kernel_at ? NULL : t->folder));
	log_info("there are no built modules in %s: suture has built them of a copy, and what runs "
		 "must be these, in modules/kernel/%s of the target's place",
		 t->source, t->folder);
	return dir_remove(work);
}

static struct error *take_modules(const struct target *t, const struct target *kernel,
				  const char *built_at, const char *list,
				  struct mirror_changes *changes)
{
	TRY(copy_modules(t, t->source, list, changes));
	return join_exports(t, kernel, t->source, built_at);
}

struct error *module_tree_modules(const struct target *t, const struct target *kernel,
				  const struct module_folder *folder,
				  const struct module_build *build, struct mirror_changes *changes)
{
	char *others __free = str_printf("%s/modules.dep", kernel->modules);
	char *modules __free = str_printf("%s/modules", t->dir);
	char *list __free = str_printf("%s/modules.list", t->dir);

	if (!others || !modules || !list)
		return error_nomem();
	if (folder->release)
		TRY(take_modules(t, kernel, build->kernel_at ? NULL : build->built_at, list,
				 changes));
	else if (!file_exists(list))
		TRY(build_modules(t, kernel, build, changes));
	return module_info_index(modules, t->folder, others);
}

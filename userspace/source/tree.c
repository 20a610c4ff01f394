// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the top Makefile of Linux 6.1 to 7.2: a build folder holds a Makefile that includes the
 * source's, and a link "source" to it; .config and include/config/auto.conf are the
 * configuration as edited and as used; modules_prepare makes what modules need.
 */
#include "source/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/str.h"
#include "base/subprocess.h"

void tree_origin_free(struct tree_origin *o)
{
	free(o->source);
	free(o->build);
	*o = (struct tree_origin){ 0 };
}

static bool has(const char *dir, const char *name)
{
	char *path __free = str_printf("%s/%s", dir, name);

	return path && file_exists(path);
}

static bool is_source(const char *dir)
{
	return has(dir, "Kbuild") && has(dir, "Kconfig") && has(dir, "scripts/Makefile.build") &&
	       has(dir, "arch/x86");
}

static struct error *real(const char *path, char **out)
{
	*out = realpath(path, NULL);
	return *out ? NULL : error_errno(errno, "%s", path);
}

static struct error *find(const char *path, struct tree_origin *o)
{
	char *link __free = str_printf("%s/source", path);

	if (!link)
		return error_nomem();
	if (is_source(path))
		return real(path, &o->source);
	if (!has(path, "Makefile") || !file_exists(link))
		return error_advise(
			error_failed("%s is no kernel tree: it has no Kbuild and Kconfig, and no "
				     "link 'source' to a folder that has them",
				     path),
			"name the source's top folder, the folder that make O= was given, or one "
			"with modules, whose Makefile says obj-m");
	TRY(real(link, &o->source));
	if (!is_source(o->source))
		return error_failed("%s leads to %s, which is no kernel source", link, o->source);
	return real(path, &o->build);
}

bool tree_is(const char *path)
{
	return is_source(path) || has(path, "source");
}

struct error *tree_find(const char *path, struct tree_origin *out)
{
	struct tree_origin o __cleanup_tree_origin = { 0 };
	const char *build;

	if (!file_is_dir(path))
		return error_failed("%s is no folder", path);
	TRY(find(path, &o));
	build = o.build ? o.build : o.source;
	if (!has(build, ".config"))
		return error_advise(error_failed("%s is not configured: it has no .config", build),
				    "make -C %s defconfig, for example; if it is built in another "
				    "folder, name that one: tree:FOLDER",
				    build);
	*out = o;
	o = (struct tree_origin){ 0 };
	return NULL;
}

/* --- what is copied --------------------------------------------------------------- */

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_other_architecture(const char *path)
{
	return str_starts(path, "arch/") && strchr(path + 5, '/') && !str_starts(path, "arch/x86/");
}

/* Of these only what Kconfig reads is wanted: it reads everybody's. */
static bool is_beside(const char *path)
{
	return is_other_architecture(path) || str_starts(path, "Documentation/") ||
	       str_starts(path, "samples/") || str_starts(path, "tools/testing/") ||
	       str_starts(path, "tools/perf/");
}

/* Made by a build and of no use for another one, or big. */
bool tree_is_product(const char *base)
{
	static const char *const suffixes[] = { ".o",	".a",	".ko", ".mod", ".cmd",	   ".d",
						".lds", ".dwo", ".gz", ".xz",  ".symtypes" };
	static const char *const prefixes[] = { "vmlinux", ".vmlinux", ".tmp_", "bzImage" };

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (str_ends(base, suffixes[i]))
			return true;
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (str_starts(base, prefixes[i]) && !str_ends(base, ".c") &&
		    !str_ends(base, ".h") && !str_ends(base, ".S"))
			return true;
	return str_equal(base, "System.map") || str_equal(base, "Module.markers");
}

static bool wants_source(const char *path, bool is_folder)
{
	const char *base = base_of(path);

	if (is_folder)
		return !str_equal(base, ".git");
	if (is_beside(path))
		return str_starts(base, "Kconfig") || str_equal(base, "Makefile");
	return !tree_is_product(base);
}

/* The build folder's own Makefile and link lead back to the source. */
static bool wants_generated(const char *path, bool is_folder)
{
	if (!is_folder && (str_equal(path, "Makefile") || str_equal(path, "source")))
		return false;
	return wants_source(path, is_folder);
}

struct error *tree_copy(const struct tree_origin *o, const char *dir,
			struct mirror_changes *changes)
{
	char *tree __free = str_printf("%s/tree", dir);
	char *source_list __free = str_printf("%s/source.list", dir);
	char *build_list __free = str_printf("%s/build.list", dir);
	struct mirror source = { .origin = o->source, .copy = tree, .wants = wants_source };
	struct mirror build = { .origin = o->build, .copy = tree, .wants = wants_generated };

	if (!tree || !source_list || !build_list)
		return error_nomem();
	source.list = source_list;
	build.list = build_list;
	TRY(dir_make(tree));
	TRY(mirror_update(&source, changes));
	return o->build ? mirror_update(&build, changes) : NULL;
}

/* --- what was built ---------------------------------------------------------------- */

/* Debug information is ten times the rest, and not asked for. */
struct error *tree_copy_stripped(const char *from, const char *to)
{
	struct subprocess p = { .argv = subprocess_words("strip", "--strip-debug", "-o", to,
							 from) };

	return error_advise(subprocess_check(&p), "strip is in the package binutils");
}

static bool wants_modules(const char *path, bool is_folder)
{
	return is_folder ? wants_source(path, true) : str_ends(path, ".ko");
}

static struct error *index_modules(const char *dir, const char *release)
{
	char *root __free = str_printf("%s/depmod", dir), *lib __free = NULL, *link __free = NULL;
	char *modules __free = str_printf("%s/modules", dir);
	struct subprocess p = { .argv = subprocess_words("depmod", "-b", root, release),
				.env = subprocess_words("PATH=/usr/sbin:/sbin:/usr/bin:/bin") };
	struct error *e;

	lib = str_printf("%s/lib/modules", root);
	link = str_printf("%s/%s", lib, release);
	if (!root || !modules || !lib || !link)
		return error_nomem();
	TRY(dir_make(lib));
	if (symlink(modules, link) && errno != EEXIST)
		return error_errno(errno, "%s", link);
	e = error_advise(subprocess_check(&p), "depmod is in the package kmod");
	return e ? e : dir_remove(root);
}

static struct error *copy_modules(const struct tree_origin *o, const char *dir, const char *release,
				  struct mirror_changes *changes)
{
	char *to __free = str_printf("%s/modules/kernel", dir);
	char *list __free = str_printf("%s/modules.list", dir);
	struct mirror m = { .origin = o->build ? o->build : o->source,
			    .copy = to,
			    .list = list,
			    .wants = wants_modules,
			    .put = tree_copy_stripped };
	size_t before = changes->files;

	if (!to || !list)
		return error_nomem();
	TRY(dir_make(to));
	TRY(mirror_update(&m, changes));
	return changes->files != before ? index_modules(dir, release) : NULL;
}

static bool same_time(const char *from, const char *to)
{
	struct stat a, b;

	return !stat(from, &a) && !stat(to, &b) && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
	       a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

static struct error *set_time(const char *from, const char *to)
{
	struct timespec times[2];
	struct stat st;

	if (stat(from, &st))
		return error_errno(errno, "%s", from);
	times[0] = times[1] = st.st_mtim;
	return utimensat(AT_FDCWD, to, times, 0) ? error_errno(errno, "%s", to) : NULL;
}

/* The bootable one if it is there and no older than the vmlinux that it is packed from. */
static struct error *kernel_file(const char *build, char **out)
{
	char *packed __free = str_printf("%s/arch/x86/boot/bzImage", build);
	char *plain __free = str_printf("%s/vmlinux", build);
	struct stat a, b;

	if (!packed || !plain)
		return error_nomem();
	if (!stat(packed, &a) && (stat(plain, &b) || a.st_mtime >= b.st_mtime))
		*out = take(packed);
	else if (!access(plain, R_OK))
		*out = take(plain);
	else
		*out = NULL;
	return NULL;
}

struct error *tree_copy_built(const struct tree_origin *o, const char *dir, const char *release,
			      struct mirror_changes *modules, bool *has_image)
{
	char *from __free = NULL, *to __free = str_printf("%s/vmlinuz", dir);
	char *image __free = str_printf("%s/image", dir);

	if (!to || !image)
		return error_nomem();
	TRY(copy_modules(o, dir, release, modules));
	TRY(kernel_file(o->build ? o->build : o->source, &from));
	*has_image = from != NULL;
	if (from && same_time(from, to) && file_exists(image))
		return NULL;
	if ((unlink(image) || unlink(to)) && errno != ENOENT)
		return error_errno(errno, "%s", dir);
	if (!from)
		return NULL;
	TRY(str_ends(from, "/vmlinux") ? tree_copy_stripped(from, to) : file_copy(from, to));
	return set_time(from, to);
}

/* --- making the rest --------------------------------------------------------------- */

struct error *tree_prepare(const char *dir, const char *const *variables)
{
	static const char *const made[] = {
		"include/config/auto.conf",	  "include/config/kernel.release",
		"include/generated/autoconf.h",	  "include/generated/asm-offsets.h",
		"include/generated/utsrelease.h", "scripts/basic/fixdep"
	};
	char *tree __free = str_printf("%s/tree", dir);
	char *jobs __free = str_printf("-j%ld", sysconf(_SC_NPROCESSORS_ONLN));
	const char *argv[16] = { "make", "-s", jobs };
	struct subprocess p = { .argv = argv, .cwd = tree, .env = subprocess_words("LC_ALL=C") };
	bool all = true;
	size_t n = 3;

	if (!tree || !jobs)
		return error_nomem();
	for (size_t i = 0; i < ARRAY_SIZE(made); i++)
		all = all && has(tree, made[i]);
	if (has(tree, "include/config/OBJTOOL") && !has(tree, "tools/objtool/objtool"))
		all = false;
	if (all)
		return NULL;
	progress_step("preparing the tree's headers and tools");
	for (; *variables && n < ARRAY_SIZE(argv) - 3; variables++)
		argv[n++] = *variables;
	argv[n++] = "olddefconfig";
	argv[n++] = "modules_prepare";
	return error_advise(error_context(subprocess_check(&p), "make modules_prepare"),
			    "it must work in the tree itself, too; it needs the packages that a "
			    "kernel build needs: make gcc flex bison libelf-dev libssl-dev bc");
}

/* --- the compiler -------------------------------------------------------------------- */

static struct error *says(const char *command, const char *text, bool *out)
{
	struct strbuf said __cleanup_strbuf = { 0 };
	struct subprocess p = { .argv = subprocess_words(command, "--version"),
				.env = subprocess_words("LC_ALL=C"),
				.out = &said };
	struct error *e __cleanup_error = subprocess_run(&p);
	size_t n;

	if (e && error_kind(e) == ERROR_INTERRUPTED)
		return take(e);
	n = strcspn(strbuf_str(&said), "\n");
	*out = !e && n == strlen(text) && !strncmp(strbuf_str(&said), text, n);
	return NULL;
}

/* The first number of a version in CC_VERSION_TEXT, whose form is each compiler's own. */
static unsigned int major_version(const char *text)
{
	const char *last = NULL;

	for (const char *p = text; (p = strpbrk(p, "0123456789")); p += strspn(p, "0123456789."))
		if (p == text || p[-1] == ' ')
			last = p;
	return last ? (unsigned int)strtoul(last, NULL, 10) : 0;
}

struct error *tree_find_compiler(struct target *t)
{
	bool is_clang = strstr(t->compiler_text, "clang") != NULL, found = false;
	const char *plain = is_clang ? "clang" : "gcc";
	char *numbered = str_printf("%s-%u", plain, major_version(t->compiler_text));
	char *candidates[] = { strdup(plain), numbered,
			       strndup(t->compiler_text, strcspn(t->compiler_text, " ")) };
	struct error *e = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(candidates); i++) {
		if (!candidates[i] && !e)
			e = error_nomem();
		if (!e && !found)
			e = says(candidates[i], t->compiler_text, &found);
		if (!e && found && !t->compiler)
			t->compiler = take(candidates[i]);
		free(candidates[i]);
	}
	if (e || found)
		return e;
	return error_advise(error_refused("the tree is configured for '%s', which is not here: "
					  "other code would come out",
					  t->compiler_text),
			    "install that compiler, or configure and build the tree with the one "
			    "that is here");
}

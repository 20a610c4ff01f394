// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/initramfs.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/subprocess.h"
#include "qemu/cpio.h"
#include "qemu/libraries.h"
#include "qemu/modules.h"

#define BUSYBOX "/bin/busybox"

extern const char guest_init[], guest_init_end[];

static struct error *add_copy(struct cpio *c, const char *from, const char *to)
{
	struct file_map m __cleanup_map = { 0 };
	struct stat st;

	TRY(file_map(from, &m));
	if (stat(from, &st) < 0)
		return error_errno(errno, "%s", from);
	return cpio_file(c, to, st.st_mode & 0777, m.bytes, m.size);
}

/* The loader looks in its own folders only: the guest has no ld.so.cache. */
static struct error *add_library(struct cpio *c, const char *path)
{
	const char *base = strrchr(path, '/') + 1;
	char *link __free = str_printf("/lib/x86_64-linux-gnu/%s", base);

	if (!link)
		return error_nomem();
	if (!cpio_has(c, path))
		TRY(add_copy(c, path, path));
	if (strchr(base, '.') && !cpio_has(c, link))
		TRY(cpio_symlink(c, link, path));
	return NULL;
}

static struct error *add_program(struct cpio *c, const char *from, const char *to)
{
	struct library_list libs __cleanup_libraries = { 0 };

	TRY(add_copy(c, from, to));
	if (access(from, X_OK))
		return NULL;
	TRY(libraries_of(from, &libs));
	vec_for_each(&libs.paths, it)
		TRY(add_library(c, *it));
	return NULL;
}

/* "host path=guest path" */
static struct error *add_file(struct cpio *c, const char *words)
{
	const char *to = strrchr(words, '=');
	char *from __free = to ? strndup(words, (size_t)(to - words)) : NULL;

	if (!to || to == words || to[1] != '/')
		return error_usage("'%s': a file for the guest is written HOST-PATH=/GUEST-PATH",
				   words);
	if (!from)
		return error_nomem();
	return error_context(add_program(c, from, to + 1), "putting %s into the guest", from);
}

static struct error *add_busybox(struct cpio *c)
{
	struct strbuf list __cleanup_strbuf = { 0 };
	struct subprocess p = { .argv = subprocess_words(BUSYBOX, "--list"),
				.out = &list,
				.timeout = 20 };
	char *at, *name;

	if (!file_exists(BUSYBOX))
		return error_advise(error_failed("%s is missing", BUSYBOX),
				    "install the package busybox-static");
	TRY(add_program(c, BUSYBOX, BUSYBOX));
	TRY(subprocess_check(&p));
	at = list.s;
	while ((name = strsep(&at, "\n"))) {
		char path[128];

		snprintf(path, sizeof(path), "/bin/%s", name);
		if (*name && !cpio_has(c, path))
			TRY(cpio_symlink(c, path, "busybox"));
	}
	return NULL;
}

static struct error *add_modules(struct cpio *c, const struct vm_options *opt)
{
	struct strbuf dep __cleanup_strbuf = { 0 }, order __cleanup_strbuf = { 0 };
	struct module_list list __cleanup_modules = { 0 };
	char *dep_path __free = str_printf("%s/modules.dep", opt->modules);

	if (!dep_path)
		return error_nomem();
	TRY(file_read(dep_path, &dep));
	for (const char *const *name = opt->load; *name; name++)
		TRY_CONTEXT(modules_order(strbuf_str(&dep), *name, &list), "%s", opt->modules);
	vec_for_each(&list.paths, it) {
		char *from __free = str_printf("%s/%s", opt->modules, *it);
		char *to __free = str_printf("/suture/ko/%s", *it);

		if (!from || !to)
			return error_nomem();
		TRY(add_copy(c, from, to));
		TRY(strbuf_printf(&order, "%s\n", to));
	}
	return cpio_file(c, "/suture/modules", 0644, order.s, order.n);
}

static struct error *add_folders(struct cpio *c)
{
	static const char *const folders[] = { "dev",	  "proc",     "sys",	    "tmp",
					       "run",	  "root",     "etc",	    "sbin",
					       "usr/bin", "usr/sbin", "lib/modules" };

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		TRY(cpio_dir(c, folders[i]));
	return cpio_device(c, "/dev/console", 0600, 5, 1);
}

static struct error *build(struct cpio *c, const struct vm_options *opt)
{
	TRY(add_folders(c));
	TRY(cpio_file(c, "/init", 0755, guest_init, (size_t)(guest_init_end - guest_init)));
	for (const char *const *f = opt->files; f && *f; f++)
		TRY(add_file(c, *f));
	TRY(add_busybox(c));
	if (opt->load && *opt->load) {
		if (!opt->modules)
			return error_usage("modules to load, but no modules folder given");
		TRY(add_modules(c, opt));
	}
	return cpio_end(c);
}

struct error *initramfs_build(const struct vm_options *opt, struct strbuf *out)
{
	struct cpio c __cleanup_cpio = { 0 };

	TRY(build(&c, opt));
	return strbuf_add(out, c.bytes.s, c.bytes.n);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * apt solves what must be there, downloads and verifies it; the packages are unpacked and no
 * script of theirs runs: what a script would have made and is needed, a link for awk, is made
 * here. Everything is laid into /usr, as Debian has it since version 12 (the folders beside it
 * are links), so that older packages fit too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/subprocess.h"
#include "source/manifest.h"
#include "source/toolchain.h"
#include "source/toolchain_store.h"

/* Beside the compiler and its libraries: what the kernel's makefiles and scripts call. */
static const char *const tools[] = { "make",	  "libc6-dev", "bash",	    "dash",
				     "coreutils", "sed",       "grep",	    "mawk",
				     "findutils", "diffutils", "perl-base", "bc" };

/*
 * $1 apt-get's option, $2 the compiler's name, the rest NAME=VERSION. 90: the download failed.
 * What is compiled for the build itself (HOSTCC) is called gcc.
 */
static const char unpack[] =
	"set -e\n"
	"mkdir deb root enter root/etc root/usr\n"
	"for d in bin sbin lib lib32 lib64; do mkdir root/usr/$d; ln -s usr/$d root/$d; done\n"
	"option=$1 compiler=$2; shift 2\n"
	"cd deb\n"
	"apt-get -qq \"$option\" download \"$@\" || exit 90\n"
	"cd ..\n"
	"for deb in deb/*.deb; do\n"
	"\tdpkg-deb --fsys-tarfile \"$deb\" | tar -x -C root --no-same-owner"
	" --keep-directory-symlink --exclude='./usr/share/doc' --exclude='./usr/share/man'"
	" --exclude='./usr/share/locale' --exclude='./usr/share/info' --exclude='./var'"
	" --exclude='./dev' --exclude='./proc' --exclude='./sys'\n"
	"done\n"
	"rm -r deb\n"
	"[ -e root/usr/bin/gcc ] || ln -s \"$compiler\" root/usr/bin/gcc\n"
	"[ -e root/usr/bin/awk ] || ln -s mawk root/usr/bin/awk\n"
	"[ -e root/usr/bin/sh ] || ln -s dash root/usr/bin/sh\n";

struct making {
	const struct apt *apt;
	const char *package, *version, *libraries, *compiler, *name;
};

struct names {
	VEC(char *) list;
};

static void names_free(struct names *n)
{
	vec_for_each(&n->list, it)
		free(*it);
	vec_free(&n->list);
}

static struct error *add_name(struct names *n, const char *name, size_t length)
{
	char *copy = strndup(name, length);
	struct error *e = copy ? vec_push(&n->list, copy) : error_nomem();

	if (e)
		free(copy);
	return e;
}

/* The first alternative of each dependency, whatever its version: "libc6 (>= 2.38), a | b". */
static struct error *add_dependencies(struct names *n, const char *depends)
{
	for (; *depends; depends += strcspn(depends, ","), depends += strspn(depends, ", ")) {
		size_t k = strcspn(depends, " :(,|");

		if (k)
			TRY(add_name(n, depends, k));
	}
	return NULL;
}

/* Just this version of the compiler will do. */
static struct error *check_version(const struct apt *apt, const char *package, const char *version)
{
	struct packages all __cleanup_packages = { 0 };
	struct strbuf has __cleanup_strbuf = { 0 };

	TRY(apt_show(apt, &package, 1, &all));
	vec_for_each(&all.list, p) {
		if (str_equal(p->version, version))
			return NULL;
		TRY(strbuf_printf(&has, "%s%s", has.n ? ", " : "", p->version));
	}
	return error_advise(error_refused("it was built with %s %s, which %s no longer has (%s): "
					  "other code would come out, and none of it could be "
					  "matched",
					  package, version, apt->suite ? apt->suite : "the archive",
					  has.n ? has.s : "it has none"),
			    "install that compiler on this system, or take a newer kernel");
}

static struct error *solve(const struct apt *apt, const char *package, const char *version,
			   const char *libraries, struct packages *out)
{
	struct names n __cleanup(names_free) = { 0 };
	char *exact __free = str_printf("%s=%s", package, version);

	if (!exact)
		return error_nomem();
	TRY(add_name(&n, exact, strlen(exact)));
	for (size_t i = 0; i < ARRAY_SIZE(tools); i++)
		TRY(add_name(&n, tools[i], strlen(tools[i])));
	TRY(add_dependencies(&n, libraries));
	return apt_closure(apt, (const char *const *)n.list.v, n.list.n, out);
}

static struct error *unpack_all(const struct making *m, const struct packages *all, const char *dir)
{
	const char **argv __free = calloc(all->list.n + 7, sizeof(*argv));
	struct strbuf said __cleanup_strbuf = { 0 };
	struct names words __cleanup(names_free) = { 0 };
	struct subprocess p = { .argv = argv, .cwd = dir, .out = &said, .err = &said };
	size_t n = 0;

	if (!argv)
		return error_nomem();
	argv[n++] = "bash";
	argv[n++] = "-c";
	argv[n++] = unpack;
	argv[n++] = "toolchain";
	argv[n++] = m->apt->option;
	argv[n++] = m->package;
	vec_for_each(&all->list, it) {
		char *word __free = str_printf("%s=%s", it->name, it->version);

		if (!word)
			return error_nomem();
		TRY(add_name(&words, word, strlen(word)));
		argv[n++] = words.list.v[words.list.n - 1];
	}
	TRY(subprocess_run(&p));
	if (!p.status)
		return NULL;
	return error_failed("%s them failed:\n%s", p.status == 90 ? "downloading" : "unpacking",
			    strbuf_str(&said));
}

static struct error *write_manifest(const char *dir, const char *name, const char *compiler,
				    const struct packages *all)
{
	struct target_packages list __cleanup(target_packages_free) = { 0 };
	struct strbuf text __cleanup_strbuf = { 0 };
	struct json j = json_begin(&text);
	char *path __free = str_printf("%s/toolchain.json", dir);

	if (!path)
		return error_nomem();
	vec_for_each(&all->list, it)
		TRY(target_packages_add(&list, it));
	json_object(&j, NULL);
	json_u64(&j, "schema", 1);
	json_string(&j, "toolchain", name);
	json_string(&j, "compiler", compiler);
	target_packages_json(&list, &j, "packages");
	json_end(&j);
	TRY(json_finish(&j));
	return file_write(path, text.s, text.n, 0644);
}

static struct error *make(const struct making *m, const char *dir)
{
	struct packages all __cleanup_packages = { 0 };
	uint64_t bytes = 0;

	TRY(solve(m->apt, m->package, m->version, m->libraries, &all));
	vec_for_each(&all.list, it)
		bytes += it->size;
	progress_step("fetching and unpacking %s %s, %s", m->package, m->version,
		      str_size(bytes).s);
	TRY(dir_make(dir));
	TRY(unpack_all(m, &all, dir));
	return write_manifest(dir, m->name, m->compiler, &all);
}

/* A failure leaves nothing; the first error counts. */
static struct error *make_or_remove(const struct making *m, const char *final)
{
	char *store __free = NULL, *dir __free = NULL;
	struct error *e, *clean __cleanup_error = NULL;

	TRY(toolchain_store(&store));
	dir = str_printf("%s/.new-%s.%d", store, m->name, (int)getpid());
	if (!dir)
		return error_nomem();
	e = make(m, dir);
	if (!e && rename(dir, final) < 0)
		e = error_errno(errno, "keeping %s", final);
	if (e)
		clean = dir_remove(dir);
	return e;
}

struct error *toolchain_prepare(const struct apt *apt, const char *compiler_text,
				const char *libraries, char **name)
{
	char *package __free = NULL, *version __free = NULL, *path __free = NULL,
		      *full __free = NULL;
	struct making m = { .apt = apt, .libraries = libraries, .compiler = compiler_text };

	TRY(toolchain_compiler(compiler_text, &package, &version));
	full = str_printf("%s-%s-%s", apt->suite ? apt->suite : "host", package, version);
	if (!full)
		return error_nomem();
	m.package = package;
	m.version = version;
	m.name = full;
	TRY(toolchain_path(full, &path));
	if (!file_is_dir(path)) {
		TRY(root_check());
		TRY(toolchain_sweep_temporary());
		TRY(check_version(apt, package, version));
		TRY_CONTEXT(make_or_remove(&m, path), "preparing the compiler %s %s", package,
			    version);
	}
	*name = take(full);
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Building a distro's package once more, as it was built: apt solves, fetches and verifies what
 * is needed, which is unpacked into a root of its own, where no network can be reached; there
 * dpkg-buildpackage(1) gives the flags and debian/rules does the rest, without tests. Every
 * compiler in PATH is one of ours first, which notes its folder and its words and runs the real
 * one.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/subprocess.h"
#include "source/apt.h"
#include "source/manifest.h"
#include "source/package_store.h"
#include "source/store.h"

/* What a system has whether a package asks for it or not, and no script has made here. */
static const char fetch[] =
	"set -e\n"
	"option=$1 package=$2 version=$3\n"
	"mkdir -p source debs deb shipped root enter record log\n"
	"( cd source; apt-get -qq \"$option\" source --download-only \"$package=$version\" ) || exit 90\n"
	"{ apt-get -qq \"$option\" --simulate --arch-only -P nocheck build-dep \"$package=$version\"\n"
	"  apt-get -qq \"$option\" --simulate install bash dash coreutils sed grep mawk findutils"
	" diffutils perl-base tar gzip util-linux debianutils hostname base-files libc-bin"
	" build-essential\n"
	"} | sed -n 's/^Inst \\([^ ]*\\) (\\([^ ]*\\) .*/\\1=\\2/p' | sort -u >packages\n"
	"[ -s packages ] || exit 91\n"
	"( cd deb; xargs apt-get -qq \"$option\" download <../packages ) || exit 90\n"
	"sed -n '/^Package-List:/,/^[^ ]/s/^ \\([^ ]*\\) deb .*/\\1/p' source/*.dsc >binaries\n"
	"for b in $(cat binaries); do\n"
	"\t[ -n \"$(apt-cache \"$option\" show \"$b=$version\" 2>/dev/null)\" ] || continue\n"
	"\t( cd debs; apt-get -qq \"$option\" download \"$b=$version\" ) || exit 90\n"
	"done\n";

static const char unpack[] =
	"set -e\n"
	"mkdir -p root/etc root/usr\n"
	"for d in bin sbin lib lib32 lib64; do mkdir -p root/usr/$d; ln -s usr/$d root/$d; done\n"
	"for deb in deb/*.deb; do\n"
	"\tdpkg-deb --fsys-tarfile \"$deb\" | tar -x -C root --no-same-owner"
	" --keep-directory-symlink --exclude='./usr/share/doc' --exclude='./usr/share/man'"
	" --exclude='./usr/share/locale' --exclude='./usr/share/info' --exclude='./var'"
	" --exclude='./dev' --exclude='./proc' --exclude='./sys'\n"
	"done\n"
	"rm -r deb\n"
	"link() { [ -e \"root/usr/bin/$2\" ] || [ ! -e \"root/usr/bin/$1\" ] || ln -s \"$1\" \"root/usr/bin/$2\"; }\n"
	"link gcc cc; link g++ c++; link mawk awk; link dash sh\n"
	"for f in root/usr/bin/automake-1.* root/usr/bin/aclocal-1.*; do\n"
	"\t[ ! -e \"$f\" ] || link \"${f##*/}\" \"$(basename \"${f%-1.*}\")\"\n"
	"done\n"
	/* Without it dpkg-buildflags(1) knows no flags. */
	"ln -sf debian root/etc/dpkg/origins/default\n"
	"echo 'root:x:0:0:root:/:/bin/sh' >root/etc/passwd\n"
	"echo 'root:x:0:' >root/etc/group\n"
	"mkdir debs.unpacked\n"
	"for deb in debs/*.deb; do dpkg-deb -x \"$deb\" debs.unpacked; done\n"
	"rm -r debs\n"
	/* Only what is code: programs and shared objects, each under its own name. */
	"cd debs.unpacked\n"
	"find . -type f | while read -r f; do\n"
	"\t[ \"$(head -c 4 \"$f\" | od -An -tx1)\" = ' 7f 45 4c 46' ] || continue\n"
	"\tmkdir -p \"../shipped/${f%/*}\"; mv \"$f\" \"../shipped/$f\"\n"
	"done\n"
	"cd ..; rm -rf debs.unpacked\n"
	/* The wrappers. One file for each process: builds run several at a time. */
	"for f in root/usr/bin/cc root/usr/bin/c++ root/usr/bin/*gcc root/usr/bin/*g++"
	" root/usr/bin/*gcc-[0-9]* root/usr/bin/*g++-[0-9]* root/usr/bin/clang*; do\n"
	"\t[ -e \"$f\" ] || [ -L \"$f\" ] || continue\n"
	"\tprintf '%s\\n' '#!/bin/sh' 'self=${0##*/}'"
	" \"printf '%s\\\\0' \\$# \\\"\\$PWD\\\" \\\"\\$self\\\" \\\"\\$@\\\" >>'$PWD/log/'\\$\\$\""
	" \"PATH=\\${PATH#'$PWD/record':}\" 'exec \"$self\" \"$@\"' >\"record/${f##*/}\"\n"
	"\tchmod 755 \"record/${f##*/}\"\n"
	"done\n";

/* In the root. */
static const char build[] =
	"set -e\n"
	"dpkg-vendor --query Vendor\n"
	"dpkg-source --no-check -x source/*.dsc tree\n"
	"cd tree\n"
	"PATH=$1/record:$PATH\n"
	"export PATH DEB_BUILD_OPTIONS='nocheck parallel=1' DEB_BUILD_PROFILES=nocheck\n"
	"export LC_ALL=C.UTF-8 HOME=/nonexistent\n"
	/* As the distro's own builders: without what is the same for all architectures. A folder
	 * named "build" hides the target of that name. */
	"target=build-arch\n"
	"make -f debian/rules -qn build-arch >/dev/null 2>&1 || [ $? != 2 ] || target=build\n"
	"dpkg-buildpackage -d -us -uc -B --rules-target=$target\n";

static struct error *run_here(const char *dir, const char *script, const char *const words[3],
			      struct strbuf *said, int *status)
{
	struct subprocess p = { .argv = subprocess_words(
					"bash", "-c", script, "package", words[0] ? words[0] : "",
					words[1] ? words[1] : "", words[2] ? words[2] : ""),
				.cwd = dir,
				.env = subprocess_words("LC_ALL=C"),
				.out = said,
				.err = said };

	TRY(subprocess_run(&p));
	*status = p.status;
	return NULL;
}

/* The last lines of what was said. */
static const char *tail(const struct strbuf *b)
{
	const char *s = strbuf_str(b), *at = s + b->n;

	for (int lines = 0; at > s; at--)
		if (at[-1] == '\n' && ++lines > 12)
			break;
	return at;
}

static struct error *fetch_all(const struct apt *apt, const char *package, const char *version,
			       const char *dir)
{
	struct strbuf said __cleanup_strbuf = { 0 };
	int status;

	progress_step("fetching %s %s, its source, and what it is built with", package, version);
	TRY(run_here(dir, fetch, (const char *const[]){ apt->option, package, version }, &said,
		     &status));
	if (status)
		return error_failed("%s:\n%s",
				    status == 90 ? "downloading failed"
				    : status == 91
					    ? "what it is built with can't be installed together"
					    : "fetching failed",
				    tail(&said));
	progress_step("unpacking");
	TRY(run_here(dir, unpack, (const char *const[]){ NULL, NULL, NULL }, &said, &status));
	return status ? error_failed("unpacking failed:\n%s", tail(&said)) : NULL;
}

static struct error *build_it(const char *package, const char *dir)
{
	struct toolchain *t __cleanup_toolchain = NULL;
	struct strbuf said __cleanup_strbuf = { 0 };
	struct subprocess p = { .cwd = dir, .out = &said, .err = &said };

	TRY(package_root(dir, true, &t));
	p.argv = subprocess_words("bash", "-c", build, "package", dir);
	p.root = &t->root;
	progress_step("building %s", package);
	TRY(subprocess_run(&p));
	return p.status ? error_failed("its build failed:\n%s", tail(&said)) : NULL;
}

/* --- what it was made with ---------------------------------------------------------------- */

struct names {
	VEC(char *) list;
};

static void names_free(struct names *n)
{
	vec_for_each(&n->list, it)
		free(*it);
	vec_free(&n->list);
}

static struct error *read_names(const char *dir, struct names *out)
{
	char *path __free = str_printf("%s/packages", dir);
	struct strbuf text __cleanup_strbuf = { 0 };

	if (!path)
		return error_nomem();
	TRY(file_read(path, &text));
	for (const char *s = strbuf_str(&text); *s;) {
		size_t n = strcspn(s, "\n");
		char *word = strndup(s, n);
		struct error *e = word ? vec_push(&out->list, word) : error_nomem();

		if (e) {
			free(word);
			return e;
		}
		s += n + (s[n] == '\n');
	}
	return NULL;
}

/* With their digests, as the archive's signed index has them. */
static struct error *list_packages(const struct apt *apt, const char *dir,
				   struct target_packages *out)
{
	struct names names __cleanup(names_free) = { 0 };
	struct packages all __cleanup_packages = { 0 };

	TRY(read_names(dir, &names));
	if (names.list.n)
		TRY(apt_show(apt, (const char *const *)names.list.v, names.list.n, &all));
	vec_for_each(&all.list, p)
		TRY(target_packages_add(out, p));
	return NULL;
}

/* --- which suites -------------------------------------------------------------------------- */

static struct error *has_version(const struct apt *apt, const char *package, const char *version,
				 bool *yes)
{
	struct packages all __cleanup_packages = { 0 };

	*yes = false;
	TRY(apt_show(apt, &package, 1, &all));
	vec_for_each(&all.list, p)
		*yes = *yes || str_equal(p->version, version);
	return NULL;
}

/* Those that are made of a source of that name, as the archive lists them; none: no such source. */
static struct error *made_of(const struct apt *apt, const char *package, struct strbuf *out)
{
	static const char script[] = "apt-cache \"$1\" showsrc --only-source \"$2\" 2>/dev/null |"
				     " sed -n '/^Binary: /{s///p;q}' | tr -d '\\n'\n";
	int status;

	return run_here("/", script, (const char *const[]){ apt->option, package, NULL }, out,
			&status);
}

/* Is the name in "a, b, c"? */
static bool is_listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = list; (at = strstr(at, name)); at += n)
		if ((at == list || at[-1] == ' ') && (!at[n] || at[n] == ','))
			return true;
	return false;
}

static struct error *find_suite(const char *package, const char *version, struct apt *out)
{
	struct strbuf binaries __cleanup_strbuf = { 0 };
	struct suite_host host __cleanup_suite_host = { 0 };

	TRY(apt_places(&host));
	for (size_t i = 0; i < SUITE_GROUPS; i++) {
		struct apt apt __cleanup_apt = { 0 };
		char number[16];
		bool yes;

		/* Debian's own mark in a version says where to look first: "deb12". */
		snprintf(number, sizeof(number), "deb%d", suite_groups[i].version);
		if (strstr(version, "deb1") && !strstr(version, number))
			continue;
		TRY(apt_group_of_sources(&host, &suite_groups[i], &apt));
		TRY(has_version(&apt, package, version, &yes));
		if (!yes && !binaries.n)
			TRY(made_of(&apt, package, &binaries));
		if (!yes)
			continue;
		*out = apt;
		apt = (struct apt){ 0 };
		return NULL;
	}
	if (binaries.n && !is_listed(strbuf_str(&binaries), package))
		return error_advise(error_refused("%s is a source package", package),
				    "name one of the packages that are made of it: %s",
				    strbuf_str(&binaries));
	return error_advise(error_refused("the archive has no %s in version %s", package, version),
			    "apt-cache madison %s shows which it has", package);
}

/* --- the whole -------------------------------------------------------------------------- */

static struct error *make(const char *name, const char *dir)
{
	struct target_packages packages __cleanup(target_packages_free) = { 0 };
	char *package __free = NULL, *version __free = NULL;
	struct apt apt __cleanup_apt = { 0 };
	double start = clock_seconds();

	TRY(package_name(name, &package, &version));
	TRY(find_suite(package, version, &apt));
	TRY(dir_make(dir));
	TRY(fetch_all(&apt, package, version, dir));
	TRY(list_packages(&apt, dir, &packages));
	TRY(build_it(package, dir));
	progress_step("comparing what was built with what is shipped");
	return package_finish(name, dir, &packages, clock_seconds() - start);
}

struct error *app_add_package(const char *name, struct app **out)
{
	struct error *e, *clean __cleanup_error = NULL;
	char *dir __free = NULL;
	int lock __closefd = -1;

	TRY(package_dir(name, &dir));
	TRY(root_check());
	TRY(store_lock(&lock));
	if (file_is_dir(dir)) {
		char *done __free = str_printf("%s/package.json", dir);

		if (!done)
			return error_nomem();
		if (file_exists(done))
			return error_new(ERROR_NOTHING, "%s is there already", name);
		/* Its maker was killed: the lock is ours. */
		TRY(dir_remove(dir));
	}
	/* Its path is in what the build wrote, so it is made where it stays. */
	e = error_context(make(name, dir), "preparing %s", name);
	if (e)
		clean = dir_remove(dir);
	return e ? e : app_open_package(name, out);
}

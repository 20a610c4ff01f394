// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which packages make a kernel target. Names are read from dependencies, never made up:
 * the headers package says which common and kbuild packages belong to it. Only the names
 * of the image, the headers (both hold the release) and the source (linux-source-X.Y) are
 * formed, as Debian's kernel handbook documents them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/progress.h"
#include "base/subprocess.h"
#include "source/packages.h"

#define LISTS "/var/lib/apt/lists"
#define DAY (24 * 3600)

/* What apt-cache says; nothing if it does not know the package. */
static struct error *ask(const char *what, const char *name, struct strbuf *out)
{
	struct subprocess p = { .argv = subprocess_words("apt-cache", what, name), .out = out };

	return error_advise(error_context(subprocess_run(&p), "asking apt about %s", name),
			    "kernel: targets need a Debian system with apt");
}

static struct error *show(const char *name, struct packages *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	TRY(ask("show", name, &text));
	return error_context(packages_parse(strbuf_str(&text), out), "what apt says of %s", name);
}

struct error *packages_update(void)
{
	struct subprocess p = { .argv = subprocess_words("apt-get", "-qq", "update") };

	if (geteuid())
		return error_advise(error_failed("the package lists are missing or out of date"),
				    "sudo apt-get update");
	progress_step("refreshing the package lists (apt-get update)");
	TRY_CONTEXT(subprocess_check(&p), "refreshing the package lists");
	progress_done();
	return NULL;
}

static bool lists_are_old(void)
{
	struct stat st;

	return stat(LISTS, &st) || time(NULL) - st.st_mtime > DAY;
}

/* "linux-image-6.1.0-56-amd64-unsigned" -> "6.1.0-56-amd64"; debug and meta packages are not. */
static char *release_of(const char *name, size_t n)
{
	static const char prefix[] = "linux-image-", suffix[] = "-unsigned";
	size_t p = sizeof(prefix) - 1, s = sizeof(suffix) - 1;

	if (n <= p + s || strncmp(name, prefix, p) || strncmp(name + n - s, suffix, s))
		return NULL;
	return strndup(name + p, n - p - s);
}

static int by_version(const void *a, const void *b)
{
	return version_compare(*(char *const *)a, *(char *const *)b);
}

/* The releases that the archive has, oldest first, in one line; "" if it has none. */
static struct error *known_releases(struct strbuf *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	VEC(char *) all = { 0 };
	struct error *e;

	e = ask("pkgnames", "linux-image-", &text);
	for (const char *s = strbuf_str(&text); !e && *s;) {
		size_t n = strcspn(s, "\n");
		char *release = release_of(s, n);

		if (release)
			e = vec_push(&all, release);
		s += n + (s[n] == '\n');
	}
	vec_sort(&all, by_version);
	vec_for_each(&all, it) {
		if (!e)
			e = strbuf_printf(out, "%s%s", it == all.v ? "" : " ", *it);
		free(*it);
	}
	vec_free(&all);
	return e;
}

static struct error *unknown_release(const char *release)
{
	struct strbuf known __cleanup_strbuf = { 0 };
	struct error *e;

	TRY(known_releases(&known));
	e = error_failed("the archive has no kernel %s", release);
	if (known.n)
		return error_advise(e, "it has: %s", known.s);
	return error_advise(e, "it has no linux-image-*-unsigned package at all: is a Debian "
			       "archive with the main section in /etc/apt/sources.list?");
}

/* The image's versions; the lists are refreshed if it is unknown and they could be at fault. */
static struct error *find_image(const char *release, struct packages *out)
{
	char *name __free = str_printf("linux-image-%s-unsigned", release);

	if (!name)
		return error_nomem();
	TRY(show(name, out));
	if (!out->list.n && lists_are_old()) {
		TRY_CONTEXT(packages_update(), "the archive as known here has no kernel %s",
			    release);
		TRY(show(name, out));
	}
	return out->list.n ? NULL : unknown_release(release);
}

/* Take the package of exactly this version. */
static struct error *take_exact(struct packages *from, const char *name, const char *version,
				struct package *out)
{
	vec_for_each(&from->list, it) {
		if (!str_equal(it->version, version))
			continue;
		*out = *it;
		*it = from->list.v[--from->list.n];
		return NULL;
	}
	return error_advise(error_failed("the archive has no %s of version %s", name, version),
			    "apt-get update, or take a newer kernel: the archive drops old ones");
}

static struct error *find_exact(const char *name, const char *version, struct package *out)
{
	struct packages all __cleanup_packages = { 0 };

	TRY(show(name, &all));
	return take_exact(&all, name, version, out);
}

static struct error *find_dependency(const struct package *of, const char *pattern,
				     struct dependency *out)
{
	bool found;

	TRY(package_dependency(of->depends, pattern, out, &found));
	if (!found)
		return error_failed("%s %s depends on no %s: its packages are made in a way "
				    "that is not known",
				    of->name, of->version, pattern);
	return NULL;
}

static struct error *find_common(const struct package *headers, struct package *out)
{
	struct dependency d __cleanup_dependency = { 0 };

	TRY(find_dependency(headers, "linux-headers-*", &d));
	return find_exact(d.name, d.version ? d.version : headers->version, out);
}

static struct error *find_kbuild(const struct package *headers, struct package *out)
{
	struct dependency d __cleanup_dependency = { 0 };
	struct packages all __cleanup_packages = { 0 };
	const struct package *nearest;

	TRY(find_dependency(headers, "linux-kbuild-*", &d));
	TRY(show(d.name, &all));
	nearest = packages_nearest(&all, headers->version);
	if (!nearest)
		return error_advise(error_failed("the archive has no %s", d.name),
				    "apt-get update");
	if (!str_equal(nearest->version, headers->version))
		log_info("%s %s is not in the archive; taking the nearest, %s", d.name,
			 headers->version, nearest->version);
	return take_exact(&all, d.name, nearest->version, out);
}

/* linux-source-X.Y, from the first two numbers of the version. */
static struct error *find_source(const char *version, struct package *out)
{
	size_t n = strcspn(version, ".");
	char *name __free = NULL;

	if (version[n])
		n += 1 + strcspn(version + n + 1, ".-+~");
	name = str_printf("linux-source-%.*s", (int)n, version);
	if (!name)
		return error_nomem();
	return find_exact(name, version, out);
}

struct error *kernel_packages_find(const char *release, struct kernel_packages *out)
{
	struct kernel_packages k __cleanup_kernel_packages = { 0 };
	struct packages images __cleanup_packages = { 0 };
	char *headers __free = str_printf("linux-headers-%s", release);
	char *version __free = NULL;

	if (!headers)
		return error_nomem();
	TRY(find_image(release, &images));
	version = strdup(images.list.v[0].version);
	if (!version)
		return error_nomem();
	TRY(take_exact(&images, images.list.v[0].name, version, &k.image));
	TRY(find_exact(headers, version, &k.headers));
	TRY(find_common(&k.headers, &k.common));
	TRY(find_kbuild(&k.headers, &k.kbuild));
	TRY(find_source(version, &k.source));
	*out = k;
	k = (struct kernel_packages){ 0 };
	return NULL;
}

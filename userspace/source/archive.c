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

/* Starting apt-cache costs half a second: several packages are asked for at once. */
#define MOST_NAMES 4

/* What apt-cache says; nothing about packages that it does not know. */
static struct error *ask(const char *what, const char *const *names, size_t n, struct strbuf *out)
{
	const char *argv[MOST_NAMES + 3] = { "apt-cache", what };
	struct subprocess p = { .argv = argv, .out = out };

	for (size_t i = 0; i < n && i < MOST_NAMES; i++)
		argv[2 + i] = names[i];
	return error_advise(error_context(subprocess_run(&p), "asking apt about %s", names[0]),
			    "kernel: targets need a Debian system with apt");
}

static struct error *show(const char *const *names, size_t n, struct packages *out)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	TRY(ask("show", names, n, &text));
	return error_context(packages_parse(strbuf_str(&text), out), "what apt says of %s",
			     names[0]);
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
	static const char *const prefix[] = { "linux-image-" };
	struct strbuf text __cleanup_strbuf = { 0 };
	VEC(char *) all = { 0 };
	struct error *e;

	e = ask("pkgnames", prefix, 1, &text);
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

static const struct package *find(const struct packages *p, const char *name)
{
	vec_for_each(&p->list, it)
		if (str_equal(it->name, name))
			return it;
	return NULL;
}

/* A fresh machine or container has no lists at all. */
static struct error *lists_are_useless(bool *out)
{
	struct strbuf known __cleanup_strbuf = { 0 };

	TRY(known_releases(&known));
	*out = !known.n || lists_are_old();
	return NULL;
}

/* Image and headers; the lists are refreshed if the image is unknown and they could be at fault. */
static struct error *find_image(const char *release, const char *const names[2],
				struct packages *out)
{
	bool useless = false;

	TRY(show(names, 2, out));
	if (!find(out, names[0]))
		TRY(lists_are_useless(&useless));
	if (useless) {
		TRY_CONTEXT(packages_update(), "the archive as known here has no kernel %s",
			    release);
		packages_free(out);
		TRY(show(names, 2, out));
	}
	return find(out, names[0]) ? NULL : unknown_release(release);
}

/* Take the package of exactly this version. */
static struct error *take_exact(struct packages *from, const char *name, const char *version,
				struct package *out)
{
	vec_for_each(&from->list, it) {
		if (!str_equal(it->name, name) || !str_equal(it->version, version))
			continue;
		*out = *it;
		*it = from->list.v[--from->list.n];
		return NULL;
	}
	return error_advise(error_failed("the archive has no %s of version %s", name, version),
			    "apt-get update, or take a newer kernel: the archive drops old ones");
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

/* The version nearest to the headers' own. */
static struct error *take_kbuild(struct packages *from, const char *name, const char *version,
				 struct package *out)
{
	const struct package *nearest = packages_nearest(from, name, version);
	char *found __free = NULL;

	if (!nearest)
		return error_advise(error_failed("the archive has no %s", name), "apt-get update");
	if (!str_equal(nearest->version, version))
		log_info("%s %s is not in the archive; taking the nearest, %s", name, version,
			 nearest->version);
	found = strdup(nearest->version);
	return found ? take_exact(from, name, found, out) : error_nomem();
}

/* linux-source-X.Y, from the first two numbers of the version. */
static char *source_name(const char *version)
{
	size_t n = strcspn(version, ".");

	if (version[n])
		n += 1 + strcspn(version + n + 1, ".-+~");
	return str_printf("linux-source-%.*s", (int)n, version);
}

/* What belongs to the headers: the common ones, the build tools, the source. */
static struct error *find_rest(struct kernel_packages *k)
{
	struct dependency common __cleanup_dependency = { 0 }, kbuild __cleanup_dependency = { 0 };
	struct packages all __cleanup_packages = { 0 };
	const char *version = k->headers.version;
	char *source __free = source_name(version);

	if (!source)
		return error_nomem();
	TRY(find_dependency(&k->headers, "linux-headers-*", &common));
	TRY(find_dependency(&k->headers, "linux-kbuild-*", &kbuild));
	TRY(show((const char *const[]){ common.name, kbuild.name, source }, 3, &all));
	TRY(take_exact(&all, common.name, common.version ? common.version : version, &k->common));
	TRY(take_kbuild(&all, kbuild.name, version, &k->kbuild));
	return take_exact(&all, source, version, &k->source);
}

struct error *kernel_packages_find(const char *release, struct kernel_packages *out)
{
	struct kernel_packages k __cleanup_kernel_packages = { 0 };
	struct packages all __cleanup_packages = { 0 };
	char *image __free = str_printf("linux-image-%s-unsigned", release);
	char *headers __free = str_printf("linux-headers-%s", release);
	char *version __free = NULL;

	if (!image || !headers)
		return error_nomem();
	TRY(find_image(release, (const char *const[]){ image, headers }, &all));
	version = strdup(find(&all, image)->version);
	if (!version)
		return error_nomem();
	TRY(take_exact(&all, image, version, &k.image));
	TRY(take_exact(&all, headers, version, &k.headers));
	TRY(find_rest(&k));
	*out = k;
	k = (struct kernel_packages){ 0 };
	return NULL;
}

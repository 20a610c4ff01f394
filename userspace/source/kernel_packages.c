// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which packages make a kernel target. Names are read from dependencies, never made up:
 * the headers package says which common and kbuild packages belong to it, and from 7.2 on the
 * image which packages hold the kernel and its modules. Only the names of the image, the headers
 * (both hold the release) and the source (linux-source-X.Y) are formed, as Debian's kernel
 * handbook documents them.
 */
#include "source/kernel_packages.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/progress.h"

void kernel_packages_free(struct kernel_packages *k)
{
	package_free(&k->image);
	package_free(&k->modules);
	package_free(&k->headers);
	package_free(&k->common);
	package_free(&k->kbuild);
	package_free(&k->source);
	apt_free(&k->apt);
}

size_t kernel_packages_all(const struct kernel_packages *k,
			   const struct package *all[KERNEL_PACKAGES])
{
	const struct package *const each[] = { &k->image,  &k->modules, &k->headers,
					       &k->common, &k->kbuild,	&k->source };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(each); i++)
		if (each[i]->name)
			all[n++] = each[i];
	return n;
}

/* The release in PREFIX-RELEASE-SUFFIX; NULL if it is none. */
static char *release_in(const char *name, size_t n, const char *prefix, const char *suffix)
{
	size_t p = strlen(prefix), s = strlen(suffix);

	if (n <= p + s || strncmp(name, prefix, p) || strncmp(name + n - s, suffix, s))
		return NULL;
	return strndup(name + p, n - p - s);
}

/*
 * "linux-image-6.1.0-56-amd64-unsigned" and "linux-binary-unsigned-7.2.13+deb14-amd64" name
 * releases; debug and meta packages do not.
 */
static char *release_of(const char *name, size_t n)
{
	char *release = release_in(name, n, "linux-image-", "-unsigned");

	return release ? release : release_in(name, n, "linux-binary-unsigned-", "");
}

static int by_version(const void *a, const void *b)
{
	return version_compare(*(char *const *)a, *(char *const *)b);
}

struct releases {
	VEC(char *) list;
};

static void releases_free(struct releases *r)
{
	vec_for_each(&r->list, it)
		free(*it);
	vec_free(&r->list);
}

static struct error *add_release(struct releases *r, const char *name, size_t n)
{
	char *release __free = release_of(name, n);

	if (!release)
		return NULL;
	TRY(vec_push(&r->list, release));
	release = NULL;
	return NULL;
}

/* The releases that are known there, oldest first. */
static struct error *list_releases(const struct apt *a, struct releases *out)
{
	static const char *const prefixes[] = { "linux-image-", "linux-binary-unsigned-" };
	struct strbuf text __cleanup_strbuf = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		TRY(apt_names(a, prefixes[i], &text));
	for (const char *s = strbuf_str(&text); *s;) {
		size_t n = strcspn(s, "\n");

		TRY(add_release(out, s, n));
		s += n + (s[n] == '\n');
	}
	vec_sort(&out->list, by_version);
	return NULL;
}

/* The same in one line; "" if there are none. */
static struct error *known_releases(const struct apt *a, struct strbuf *out)
{
	struct releases all __cleanup(releases_free) = { 0 };

	TRY(list_releases(a, &all));
	vec_for_each(&all.list, it)
		TRY(strbuf_printf(out, "%s%s", it == all.list.v ? "" : " ", *it));
	return NULL;
}

/* --- the image -------------------------------------------------------------------- */

void image_names_free(struct image_names *n)
{
	free(n->image);
	free(n->modules);
	free(n->version);
	*n = (struct image_names){ 0 };
}

/* A dependency on exactly the package's own version. */
static struct error *own_part(const struct package *of, const char *pattern, char **name)
{
	struct dependency d __cleanup_dependency = { 0 };
	bool found;

	TRY(package_dependency(of->depends, pattern, &d, &found));
	if (found && d.relation == '=' && str_equal(d.version, of->version))
		*name = take(d.name);
	return NULL;
}

struct error *image_names_find(const struct packages *known, const char *release,
			       struct image_names *out, bool *found)
{
	struct image_names n __cleanup(image_names_free) = { 0 };
	char *unsigned_name __free = str_printf("linux-image-%s-unsigned", release);
	char *plain __free = str_printf("linux-image-%s", release);
	const struct package *p;

	*found = false;
	if (!unsigned_name || !plain)
		return error_nomem();
	p = packages_first(known, unsigned_name);
	if (p) {
		n.image = take(unsigned_name);
	} else {
		p = packages_first(known, plain);
		if (!p)
			return NULL;
		TRY(own_part(p, "linux-binary-*", &n.image));
		TRY(own_part(p, "linux-modules-*", &n.modules));
		/* An image whose unsigned twin is gone has neither headers nor source any more. */
		if (!n.image || !n.modules)
			return NULL;
	}
	n.version = strdup(p->version);
	if (!n.version)
		return error_nomem();
	*found = true;
	*out = n;
	n = (struct image_names){ 0 };
	return NULL;
}

/* What the packages are for: to boot the kernel, or also to build for it. */
enum purpose { TO_BOOT, TO_BUILD };

/* --- what belongs to it ------------------------------------------------------------ */

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
	return found ? packages_take(from, name, found, out) : error_nomem();
}

/* linux-source-X.Y, from the first two numbers of the version. */
static char *source_name(const char *version)
{
	size_t n = strcspn(version, ".");

	if (version[n])
		n += 1 + strcspn(version + n + 1, ".-+~");
	return str_printf("linux-source-%.*s", (int)n, version);
}

/* The image and its modules. */
static struct error *take_image(struct kernel_packages *k, const struct image_names *n,
				struct packages *known)
{
	struct packages more __cleanup_packages = { 0 };

	if (!n->modules)
		return packages_take(known, n->image, n->version, &k->image);
	TRY(apt_show(&k->apt, (const char *const[]){ n->image, n->modules }, 2, &more));
	TRY(packages_take(&more, n->image, n->version, &k->image));
	return packages_take(&more, n->modules, n->version, &k->modules);
}

/* What belongs to the headers: the common ones, the build tools, the source. */
static struct error *take_rest(struct kernel_packages *k)
{
	struct dependency common __cleanup_dependency = { 0 }, kbuild __cleanup_dependency = { 0 };
	struct packages all __cleanup_packages = { 0 };
	const char *version = k->headers.version;
	char *source __free = source_name(version);

	if (!source)
		return error_nomem();
	TRY(find_dependency(&k->headers, "linux-headers-*", &common));
	TRY(find_dependency(&k->headers, "linux-kbuild-*", &kbuild));
	TRY(apt_show(&k->apt, (const char *const[]){ common.name, kbuild.name, source }, 3, &all));
	TRY(packages_take(&all, common.name, common.version ? common.version : version,
			  &k->common));
	TRY(take_kbuild(&all, kbuild.name, version, &k->kbuild));
	return packages_take(&all, source, version, &k->source);
}

/* From where k->apt asks; *found is false if it does not know the release. */
static struct error *find_in(struct kernel_packages *k, const char *release, enum purpose purpose,
			     bool *found)
{
	struct packages known __cleanup_packages = { 0 };
	struct image_names names __cleanup(image_names_free) = { 0 };
	char *unsigned_name __free = str_printf("linux-image-%s-unsigned", release);
	char *plain __free = str_printf("linux-image-%s", release);
	char *headers __free = str_printf("linux-headers-%s", release);

	if (!unsigned_name || !plain || !headers)
		return error_nomem();
	TRY(apt_show(&k->apt, (const char *const[]){ unsigned_name, plain, headers }, 3, &known));
	TRY(image_names_find(&known, release, &names, found));
	if (!*found)
		return NULL;
	TRY(take_image(k, &names, &known));
	if (purpose == TO_BOOT)
		return NULL;
	TRY(packages_take(&known, headers, names.version, &k->headers));
	return take_rest(k);
}

/* --- where -------------------------------------------------------------------------- */

/* What was looked at, for the error's sake. */
struct search {
	struct strbuf looked, trouble;
};

static void search_free(struct search *s)
{
	strbuf_free(&s->looked);
	strbuf_free(&s->trouble);
}

static struct error *note(struct search *s, const struct suite_group *g, const struct apt *a)
{
	for (size_t i = 0; i < ARRAY_SIZE(g->suites) && g->suites[i]; i++)
		TRY(strbuf_printf(&s->looked, " %s", g->suites[i]));
	for (size_t i = 0; i < ARRAY_SIZE(g->security) && g->security[i]; i++)
		TRY(strbuf_printf(&s->looked, " %s", g->security[i]));
	return a->trouble ? strbuf_printf(&s->trouble, "\n%s", a->trouble) : NULL;
}

static struct error *find_elsewhere(struct kernel_packages *k, const char *release,
				    enum purpose purpose, struct search *s, bool *found)
{
	struct suite_host host __cleanup_suite_host = { 0 };
	const struct suite_group *order[SUITE_GROUPS];
	struct error *e __cleanup_error = NULL;

	e = apt_places(&host);
	if (e && error_kind(e) == ERROR_INTERRUPTED)
		return take(e);
	if (e)
		return strbuf_printf(&s->trouble, "\n  %s", error_message(e));
	suite_groups_order(release, order);
	for (size_t i = 0; i < SUITE_GROUPS && !*found; i++) {
		apt_free(&k->apt);
		TRY(apt_group(&host, order[i], &k->apt));
		TRY(note(s, order[i], &k->apt));
		progress_step("looking for %s in %s", release, order[i]->name);
		TRY(find_in(k, release, purpose, found));
	}
	return NULL;
}

static struct error *unknown_release(const char *release, const struct search *s)
{
	struct strbuf known __cleanup_strbuf = { 0 };
	struct apt host __cleanup_apt = { 0 };
	struct error *e;

	TRY(apt_host(&host));
	TRY(known_releases(&host, &known));
	e = error_failed("the archive has no kernel %s%s%s%s", release,
			 s->looked.n ? "; besides the suites that apt is told of, these were "
				       "looked at:"
				     : "",
			 strbuf_str(&s->looked), strbuf_str(&s->trouble));
	if (known.n)
		return error_advise(e, "apt as it is configured has: %s", known.s);
	return error_advise(e,
			    "apt as it is configured has no linux-image-*-unsigned package at "
			    "all: is a Debian archive with the main section in "
			    "/etc/apt/sources.list, and were its lists fetched (apt-get update)?");
}

static struct error *find(const char *release, enum purpose purpose, struct kernel_packages *out)
{
	struct kernel_packages k __cleanup_kernel_packages = { 0 };
	struct search s __cleanup(search_free) = { 0 };
	bool found = false;

	TRY(apt_host(&k.apt));
	TRY(find_in(&k, release, purpose, &found));
	/* No suite is searched for a name that Debian gives to no kernel for this machine. */
	if (!found && str_ends(release, "-amd64"))
		TRY_CONTEXT(find_elsewhere(&k, release, purpose, &s, &found),
			    "looking for %s in other suites", release);
	if (!found)
		return unknown_release(release, &s);
	*out = k;
	k = (struct kernel_packages){ 0 };
	return NULL;
}

struct error *kernel_packages_find(const char *release, struct kernel_packages *out)
{
	return find(release, TO_BUILD, out);
}

struct error *kernel_packages_find_image(const char *release, struct kernel_packages *out)
{
	return find(release, TO_BOOT, out);
}

static struct error *list_group(const struct suite_host *host, const struct suite_group *g,
				struct strbuf *out, struct strbuf *trouble)
{
	struct releases all __cleanup(releases_free) = { 0 };
	struct apt a __cleanup_apt = { 0 };

	TRY(apt_group(host, g, &a));
	TRY(list_releases(&a, &all));
	vec_for_each(&all.list, it)
		TRY(strbuf_printf(out, "%s %s\n", g->name, *it));
	return a.trouble ? strbuf_printf(trouble, "%s\n", a.trouble) : NULL;
}

struct error *kernel_packages_list(struct strbuf *out, struct strbuf *trouble)
{
	struct suite_host host __cleanup_suite_host = { 0 };

	TRY(apt_places(&host));
	for (size_t i = 0; i < SUITE_GROUPS; i++)
		TRY(list_group(&host, &suite_groups[i], out, trouble));
	return NULL;
}

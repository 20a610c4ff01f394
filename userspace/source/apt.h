/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asking the package archive: apt-cache(8) and apt-get(8), which know what verified package
 * lists say. Either with the host's own configuration and lists, which are only read, or with a
 * state of our own for a group of suites in the cache:
 *
 *	$CACHE/apt/GROUP[-src]/	apt.conf, sources/, lists/, cache/, status
 */
#ifndef SUTURE_SOURCE_APT_H
#define SUTURE_SOURCE_APT_H

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "source/packages.h"
#include "source/suites.h"

struct apt {
	const char *suite; /* the group's name; NULL: the host's own configuration */
	char *option;	   /* "-c=FILE", or "-qq" where there is none */
	char *trouble;	   /* why lists of it could not be had or trusted; NULL if all could */
};
void apt_free(struct apt *a);
#define __cleanup_apt __cleanup(apt_free)

/* The host's own configuration. */
struct error *apt_host(struct apt *out) __must_check;

/*
 * The group's suites, their lists fetched if those here are older than an hour. Suites that the
 * archive does not have, that cannot be reached, or whose signature none of the host's archive
 * keys verifies, are left out: 'trouble' says which, in apt's words. Needs the store's lock.
 */
struct error *apt_group(const struct suite_host *h, const struct suite_group *g,
			struct apt *out) __must_check;
/* The same with source packages, in a state beside it. */
struct error *apt_group_of_sources(const struct suite_host *h, const struct suite_group *g,
				   struct apt *out) __must_check;
/* The places of the host's archive, keys included. */
struct error *apt_places(struct suite_host *out) __must_check;

/* What is known of packages, all versions; nothing about those that are not known. */
struct error *apt_show(const struct apt *a, const char *const *names, size_t n,
		       struct packages *out) __must_check;
/* Names that begin so, one a line. */
struct error *apt_names(const struct apt *a, const char *prefix, struct strbuf *out) __must_check;

/* Everything that must be unpacked for these packages ("NAME" or "NAME=VERSION") to work. */
struct error *apt_closure(const struct apt *a, const char *const *wanted, size_t n,
			  struct packages *out) __must_check;

#endif

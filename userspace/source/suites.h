/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Other suites of the host's own archive: where they are, from what apt says about the suites
 * that are configured (apt-get indextargets) and from sources.list(5). Pure: text in, text out.
 * No name of a host is known here.
 */
#ifndef SUTURE_SOURCE_SUITES_H
#define SUTURE_SOURCE_SUITES_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

/* One place of the archive, as the host has it. */
struct suite_place {
	char *uri;	 /* NULL: the host has none */
	char *entry;	 /* where that is configured: "FILE:N" */
	char *signed_by; /* the Signed-By field's value; NULL: whatever apt trusts */
};

/* Debian's main archive and its security archive. */
struct suite_host {
	struct suite_place main, security;
};
void suite_host_free(struct suite_host *h);
#define __cleanup_suite_host __cleanup(suite_host_free)

/* What to ask of "apt-get indextargets --format". */
extern const char suites_format[];

/*
 * From its output; 'codename' is the host's own suite (VERSION_CODENAME in os-release(5)), by
 * which a host whose lists were never fetched knows its archive. What is not Debian's is left
 * out; ERROR_FAILED if nothing is left. Keys are not read yet.
 */
struct error *suite_host_read(const char *targets, const char *codename,
			      struct suite_host *out) __must_check;

/*
 * The value of Signed-By in stanza N of a .sources file, or in line N of a .list file; *out
 * stays NULL if there is none. A key written out has several lines.
 */
struct error *suite_signed_by(const char *text, bool deb822, unsigned int n,
			      char **out) __must_check;

/* Suites that belong together: what one system has in its sources.list. */
struct suite_group {
	const char *name;
	int version;			     /* of Debian; sid and testing are the next one */
	const char *suites[4], *security[2]; /* NULL-terminated */
};
#define SUITE_GROUPS 5
extern const struct suite_group suite_groups[SUITE_GROUPS];

/* All of them, the likeliest to have this kernel first: its release tells the Debian. */
void suite_groups_order(const char *release, const struct suite_group *out[SUITE_GROUPS]);

/* sources.list(5), deb822 form, of the group; "" if the host lacks the places. */
struct error *suites_sources(const struct suite_host *h, const struct suite_group *g,
			     struct strbuf *out) __must_check;

/*
 * apt.conf(5) of a state of its own in 'dir': own lists, own sources in dir/sources, no packages
 * installed, no hooks, pins or default release of the host's, and nothing that is not signed.
 * How the archive is reached (proxies, certificates) stays the host's.
 */
struct error *suites_apt_conf(const char *dir, struct strbuf *out) __must_check;

/* The same two for source packages beside the others: append to the conf, change the sources. */
struct error *suites_apt_conf_of_sources(struct strbuf *out) __must_check;
struct error *suites_with_sources(const char *sources, struct strbuf *out) __must_check;

#endif

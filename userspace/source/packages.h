/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What apt prints about packages. Pure. */
#ifndef SUTURE_SOURCE_PACKAGES_H
#define SUTURE_SOURCE_PACKAGES_H

#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"

struct package {
	char *name, *version;
	char *depends; /* "" if it has none */
	char *sha256;
	uint64_t size;
};

struct packages {
	VEC(struct package) list;
};

void package_free(struct package *p);
void packages_free(struct packages *p);
#define __cleanup_packages __cleanup(packages_free)

/* Append the stanzas of "apt-cache show" output; those without name, version or digest are left
 * out. */
struct error *packages_parse(const char *text, struct packages *out) __must_check;

/*
 * The version that a Depends field asks of a package: "(= V)" or "(>= V)" after its name.
 * *relation is '=' or '>' (or 0 without a version, *version then NULL). False if it does not
 * depend on it. A name that ends in '*' stands for the first that begins so; *name is allocated.
 */
struct dependency {
	char *name, *version;
	char relation;
};
void dependency_free(struct dependency *d);
#define __cleanup_dependency __cleanup(dependency_free)
struct error *package_dependency(const char *depends, const char *name, struct dependency *out,
				 bool *found) __must_check;

/* Take the package of exactly this version out of the list. */
struct error *packages_take(struct packages *from, const char *name, const char *version,
			    struct package *out) __must_check;
/* The first of that name, as apt orders them; NULL if it has none. */
const struct package *packages_first(const struct packages *p, const char *name);

/* What "apt-get --simulate install" would unpack: "Inst NAME (VERSION ...)". */
struct simulated {
	VEC(struct dependency) list;
};
void simulated_free(struct simulated *s);
struct error *simulated_parse(const char *text, struct simulated *out) __must_check;

/* Debian's order of versions (deb-version(7)): negative, 0, positive. */
int version_compare(const char *a, const char *b);

/*
 * Of the versions a package has, the one nearest to what is wanted: it itself, else the next
 * higher, else the highest lower one. NULL if it has none.
 */
const struct package *packages_nearest(const struct packages *p, const char *name,
				       const char *version);

#endif

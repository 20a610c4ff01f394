/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packages of a kernel release, wherever the archive has it: first as the host's apt is
 * configured, then in the other suites of the same archive.
 */
#ifndef SUTURE_SOURCE_KERNEL_PACKAGES_H
#define SUTURE_SOURCE_KERNEL_PACKAGES_H

#include "source/apt.h"
#include "source/packages.h"

/* Everything a kernel target is made of. */
struct kernel_packages {
	struct package image;	/* holds vmlinuz, and the modules unless: */
	struct package modules; /* from 7.2 on the modules are a package of their own */
	struct package headers, common, kbuild, source;
	struct apt apt; /* where they are from */
};
void kernel_packages_free(struct kernel_packages *k);
#define __cleanup_kernel_packages __cleanup(kernel_packages_free)

/* Each package there is, in the order of the structure; 'all' has room for this many. */
#define KERNEL_PACKAGES 6
size_t kernel_packages_all(const struct kernel_packages *k,
			   const struct package *all[KERNEL_PACKAGES]);

/*
 * Find the packages of a kernel release. The source has exactly the image's version; kbuild's
 * is the nearest. An unknown release is an error that lists what the host's archive has and
 * where else was looked. Needs the store's lock.
 */
struct error *kernel_packages_find(const char *release, struct kernel_packages *out) __must_check;

/* The same, only what boots it: the image, and its modules if they are apart. */
struct error *kernel_packages_find_image(const char *release,
					 struct kernel_packages *out) __must_check;

/*
 * The kernels that the suites of the host's archive have and that can be made targets: a line
 * "GROUP RELEASE" each, oldest first in each group. Lists that could not be had are told in
 * *trouble, which is empty if there are none. Needs the store's lock.
 */
struct error *kernel_packages_list(struct strbuf *out, struct strbuf *trouble) __must_check;

/* Packages that hold a release's image, from their names and dependencies. Pure. */
struct image_names {
	char *image, *modules; /* modules: NULL if they are in the image's package */
	char *version;
};
void image_names_free(struct image_names *n);
/* *found is false if 'known' has no image of this release. */
struct error *image_names_find(const struct packages *known, const char *release,
			       struct image_names *out, bool *found) __must_check;

#endif

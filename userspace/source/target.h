/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel targets: a distro kernel made ready to compile single objects exactly as the
 * distro did, and to be matched against.
 *
 *	$CACHE/targets/kernel:RELEASE/
 *		target.json     versions, digests, compiler, sizes
 *		tree/           source with the distro's headers, config and tools laid over it;
 *		                never written to after target_add()
 *		image           the vmlinux image with symbols, see image_open_cache()
 *		vmlinuz         for the VM
 *		modules/        the shipped .ko files with modules.dep, as under
 * /lib/modules/RELEASE
 *
 * Everything is fetched with the system's package manager (apt-get download) and unpacked;
 * nothing is installed on the host.
 */
#ifndef SUTURE_SOURCE_TARGET_H
#define SUTURE_SOURCE_TARGET_H

#include "base/error.h"
#include "base/json.h"
#include "base/vec.h"

struct target {
	char *name;    /* "kernel:6.1.0-56-amd64" */
	char *release; /* "6.1.0-56-amd64": uname -r, the first word of vermagic */
	char *version; /* the packages' version: "6.1.192-2" */
	char *dir;     /* everything below */
	char *tree, *image, *vmlinuz, *modules;
	char *compiler;	     /* the command: "gcc-12" */
	char *compiler_text; /* CONFIG_CC_VERSION_TEXT */
};

/* Fetch and prepare; ERROR_NOTHING if it is there already. All or nothing. */
struct error *target_add(const char *name, struct target **out) __must_check;
/* A prepared target; an error with advice if it is not there or incomplete. */
struct error *target_open(const char *name, struct target **out) __must_check;
struct error *target_remove(const char *name) __must_check;
/* All prepared targets, sorted by name. Free each. */
struct error *target_list(struct target ***out, size_t *n) __must_check;
void target_free(struct target **t);
#define __cleanup_target __cleanup(target_free)

#endif

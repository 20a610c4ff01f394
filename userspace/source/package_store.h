/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packages of programs in the cache:
 *
 *	$CACHE/targets/deb/PACKAGE_VERSION/
 *		package.json	versions, digests, the files, what of them is proven
 *		root/, enter/	what it is built with, see base/root.h; no maintainer script was run
 *		record/		a folder for what compiles: it notes each command and runs it
 *		tree/		the source, built
 *		shipped/	the distro's files that are code, as they are
 *		compile_commands.json
 */
#ifndef SUTURE_SOURCE_PACKAGE_STORE_H
#define SUTURE_SOURCE_PACKAGE_STORE_H

#include "source/app.h"
#include "source/toolchain.h"

/* "deb:redis-server=5:7.0.15-1" in parts; ERROR_USAGE for anything else. Allocated. */
struct error *package_name(const char *name, char **package, char **version) __must_check;
/* Where it is, or will be. Allocated. */
struct error *package_dir(const char *name, char **out) __must_check;
/* How its own programs are run, with 'dir' written to or not. */
struct error *package_root(const char *dir, bool writable, struct toolchain **out) __must_check;

/* From what was built and noted: compile_commands.json and package.json. */
struct error *package_finish(const char *name, const char *dir,
			     const struct target_packages *packages, double seconds) __must_check;

#endif

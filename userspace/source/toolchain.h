/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compilers that the host lacks: the packages that a kernel's compiler needs, from the suite
 * that the kernel is from, unpacked in the cache and shared by the targets that use them.
 *
 *	$CACHE/toolchains/SUITE-COMPILER-VERSION/
 *		toolchain.json	suite, compiler, packages with versions and digests
 *		root/		usr and etc of a small system; no maintainer script was run
 *		enter/		see base/root.h
 *
 * A target that has one runs everything of its own in it: make, the compiler, objtool and
 * kbuild's other programs. For whoever runs them that is one field: .root = target_root(t).
 */
#ifndef SUTURE_SOURCE_TOOLCHAIN_H
#define SUTURE_SOURCE_TOOLCHAIN_H

#include "base/error.h"
#include "base/root.h"
#include "source/apt.h"
#include "source/packages.h"
#include "source/target.h"

struct toolchain {
	char *name, *dir;
	struct target_packages packages;
	char *place, *temporary; /* folders seen inside at their own place */
	char *kernel;		 /* another such folder, or NULL */
	struct root_bind binds[3];
	struct root root;
};
void toolchain_free(struct toolchain **t);
#define __cleanup_toolchain __cleanup(toolchain_free)

/*
 * "x86_64-linux-gnu-gcc-14 (Debian 14.2.0-19) 14.2.0" -> "gcc-14" and "14.2.0-19": the package
 * and the version to look for. ERROR_REFUSED for what is no Debian gcc.
 */
struct error *toolchain_compiler(const char *compiler_text, char **package,
				 char **version) __must_check;

/*
 * Make one of the suites that 'apt' asks, or take the one that is there: whole or not at all.
 * 'libraries' is a Depends field: what the kernel's own build programs are linked with.
 * ERROR_REFUSED if the archive has another version of the compiler. Needs the store's lock.
 */
struct error *toolchain_prepare(const struct apt *apt, const char *compiler_text,
				const char *libraries, char **name) __must_check;

/* Open it; 'place' (a target's folder) is seen inside, to be written to only if so. */
struct error *toolchain_open(const char *name, const char *place, bool writable,
			     struct toolchain **out) __must_check;

/* The folder of another target, to which this one's has links, is seen inside too, to be read. */
struct error *toolchain_see(struct toolchain *t, const char *target) __must_check;

/* Remove every toolchain that no target uses. Needs the store's lock. */
struct error *toolchain_sweep(void) __must_check;

/* Whether 'name' is a name of one: it becomes that of a folder. Pure. */
bool toolchain_is_name(const char *name);

#endif

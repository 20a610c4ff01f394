/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel targets: a distro kernel made ready to compile single objects exactly as the
 * distro did, and to be matched against.
 *
 *	$CACHE/targets/kernel/RELEASE/
 *		target.json     versions, digests, compiler, sizes
 *		tree/           source with the distro's headers, config and tools laid over it;
 *				never written to after target_add()
 *		units           what this configuration compiles, and into what (see unit.h)
 *		kbuild.mk, kbuild.env
 *				what asks the kernel's own makefiles for a compile command
 *		*.list          what a maintainer's tree was like when it was copied
 *		image           the vmlinux image with symbols, see image_open_cache()
 *		vmlinuz         for the VM
 *		modules/        the shipped modules (.ko or .ko.xz) with modules.dep, as in
 *				/lib/modules/RELEASE
 *		objects/        objects compiled from the tree as it is, by command
 *
 * Modules that are built outside of a kernel's tree are a target of their own, with links to what
 * they share with their kernel's (see module_tree.h).
 *
 * Everything is fetched with the system's package manager (apt-get download) and unpacked;
 * nothing is installed on the host. A kernel of another suite brings its toolchain.
 */
#ifndef SUTURE_SOURCE_TARGET_H
#define SUTURE_SOURCE_TARGET_H

#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "base/vec.h"

/* A package that the target was made of. */
struct target_package {
	char *name, *version;
	char *sha256; /* of the .deb, as the archive's signed index has it and apt checked it */
	uint64_t size;
};

struct target_packages {
	struct target_package *v; /* see base/vec.h */
	size_t n, cap;
};

struct toolchain;
struct root;

struct target {
	char *name;    /* "kernel:6.1.0-56-amd64", "tree:/home/me/linux" */
	char *release; /* "6.1.0-56-amd64": uname -r, the first word of vermagic */
	char *version; /* the packages' version: "6.1.192-2"; a tree's: "6.1.192" */
	char *source;  /* a maintainer's tree that this follows; NULL: a distro kernel */
	char *build;   /* the folder it is built in; NULL: the source itself */
	char *kernel;  /* of a folder of modules: the target of the kernel that they run in, and */
	char *folder;  /* what the folder is called in 'tree'; NULL: this is a kernel */
	char *dir;     /* everything below */
	char *tree, *image, *vmlinuz, *modules;
	char *compiler;	     /* the command: "gcc-12" */
	char *compiler_text; /* CONFIG_CC_VERSION_TEXT */
	struct target_packages packages;
	struct toolchain *toolchain; /* NULL: the host's own programs; see toolchain.h */
	uint64_t n_symbols; /* of the vmlinux image; 0: there is none, the tree is not built */
	uint64_t n_modules; /* shipped modules */
	uint64_t n_units;   /* objects compiled from C in this configuration */
	uint64_t bytes;	    /* on disk when it was made */
	double seconds;	    /* how long making it took */
};

/*
 * Fetch and prepare; ERROR_NOTHING if it is there already. All or nothing, also where the
 * process is killed: leftovers are removed by the next call. One at a time: a second
 * target_add() waits for the first.
 */
struct error *target_add(const char *name, struct target **out) __must_check;
/* A folder of modules, of a kernel whose target is named. */
struct error *target_add_modules(const char *name, const char *kernel,
				 struct target **out) __must_check;
/*
 * If the target follows a maintainer's tree, take over what has changed in it since: sources,
 * configuration, the built kernel. *changed tells how many files. The target is read anew.
 */
struct error *target_refresh(struct target **t, size_t *changed) __must_check;
/* A prepared target; an error with advice if it is not there or incomplete. */
struct error *target_open(const char *name, struct target **out) __must_check;
struct error *target_remove(const char *name) __must_check;
/* All prepared targets, sorted by name. Free each, and the array. */
struct error *target_list(struct target ***out, size_t *n) __must_check;
/*
 * The kernels that the distro's archive has in any of its suites, a line "SUITE TARGET" each;
 * fetches package lists. What could not be had is logged.
 */
struct error *target_available(struct strbuf *out) __must_check;
void target_free(struct target **t);
#define __cleanup_target __cleanup(target_free)

/*
 * The file of a module that kbuild calls "fs/xfs/xfs", which may be packed (.ko.xz); allocated,
 * NULL if it is not shipped. 'modules' is the target's folder of modules.
 */
struct error *target_module_file(const char *modules, const char *modfile, char **out) __must_check;

/* One JSON object with all of it (versions, packages with digests, compiler, paths, sizes). */
void target_json(const struct target *t, struct json *j, const char *key);

/*
 * Where the target's programs run (make, the compiler, objtool): the 'root' of each subprocess
 * that has to do with its tree. NULL is the host. Inside, the target's folder (read-only) and
 * the folder for temporary files are where they are outside.
 */
const struct root *target_root(const struct target *t);

/*
 * That the compiler (in the target's root) is the one the kernel was built with.
 * ERROR_REFUSED names both; ERROR_FAILED, with the package's name as advice, if there is none.
 */
struct error *target_check_compiler(const struct target *t) __must_check;

#endif

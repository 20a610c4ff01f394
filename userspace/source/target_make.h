/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps that making a target of packages, of a tree, and of modules' source share. */
#ifndef SUTURE_SOURCE_TARGET_MAKE_H
#define SUTURE_SOURCE_TARGET_MAKE_H

#include "source/target.h"

/* The value of CONFIG_NAME="value" in dir/tree/.config, allocated. */
struct error *target_config_string(const char *dir, const char *name, char **out) __must_check;
/* dir/image from dir/vmlinuz; sets n_symbols. */
struct error *target_make_image(struct target *t) __must_check;
/* Sets bytes and n_modules. */
struct error *target_measure(struct target *t) __must_check;

/*
 * Everything about a maintainer's tree, in t->dir, whose name, source and build are set; in a
 * folder that holds an older state of the same, what is different. *changed: how many files.
 */
struct error *target_make_tree(struct target *t, size_t *changed) __must_check;
/*
 * The same about a folder of modules, whose name, source and kernel are set; the kernel's own
 * target is followed first.
 */
struct error *target_make_modules(struct target *t, size_t *changed) __must_check;
/* Whichever of both it is; *changed is 0 for a distro kernel. Needs the store's lock. */
struct error *target_follow(struct target *t, size_t *changed) __must_check;

/*
 * For a folder of modules, the kernel that it belongs to: 'given' if it is not NULL, else the
 * target that is here of the release that its .ko files were built for. Allocated.
 */
struct error *target_modules_kernel(const char *source, const char *given,
				    char **kernel) __must_check;

/* What a build of the same would be told (CC, LD), as lines of a makefile. */
struct error *target_variables(const struct target *t, struct strbuf *makefile) __must_check;
/* Drop what was compiled of another state of the source; all: also what its makefiles said. */
struct error *target_forget(const struct target *t, bool all) __must_check;
/* Set from when the survey of this state is whole until the next begins. */
struct error *target_mark_surveyed(const struct target *t, bool surveyed) __must_check;
bool target_is_surveyed(const struct target *t);

#endif

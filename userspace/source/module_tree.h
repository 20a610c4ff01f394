/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A tree in which modules of a folder outside compile as kbuild compiles them with M=: links to
 * all that the kernel's tree has at its top, and beside them one real folder with a copy of the
 * modules' source. In it a path of the modules is one of the tree, as anywhere else in suture.
 */
#ifndef SUTURE_SOURCE_MODULE_TREE_H
#define SUTURE_SOURCE_MODULE_TREE_H

#include "source/mirror.h"
#include "source/module_folder.h"
#include "source/module_variables.h"
#include "source/target.h"

/* The links to the kernel's tree, in dir/tree, which is made anew. */
struct error *module_tree_link(const struct target *kernel, const char *dir) __must_check;
/* Copy the source of t->source into t->dir/tree, what is new or different. */
struct error *module_tree_copy(const struct target *t, struct mirror_changes *changes) __must_check;

/* What of the kernel is this target's too: its image, boot image, and modules, as links. */
struct error *module_tree_share(const struct target *kernel, const char *dir) __must_check;
/*
 * The modules to match with, in t->dir/modules: the .ko files of t->source, or, if it has and had
 * none, made of a copy of it as 'build' says. With them dir/tree/Module.symvers and
 * dir/modules/modules.dep.
 */
struct error *module_tree_modules(const struct target *t, const struct target *kernel,
				  const struct module_folder *folder,
				  const struct module_build *build,
				  struct mirror_changes *changes) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which modules to load, and in which order, by modules.dep (modules.dep(5), written by
 * depmod): a line names a module's file and then the files it needs, directly or not.
 */
#ifndef SUTURE_QEMU_MODULES_H
#define SUTURE_QEMU_MODULES_H

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"

struct module_list {
	VEC(const char *) paths; /* relative to the modules folder; what is needed comes first */
	struct arena arena;
};

/*
 * Append 'name' ("dm-mod", "dm_mod"; '-' and '_' are the same) with what it needs to the list,
 * each file once. 'dep' is the text of modules.dep. An unknown name, and a module that needs
 * itself, are errors; the list may then hold part of what was wanted.
 */
struct error *modules_order(const char *dep, const char *name,
			    struct module_list *list) __must_check;
void module_list_free(struct module_list *list);
#define __cleanup_modules __cleanup(module_list_free)

#endif

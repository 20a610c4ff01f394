/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder with the source of modules that are built outside of a kernel's tree (make M=FOLDER),
 * as its maintainer has it: a Kbuild or Makefile that says obj-m, and, if they were built, the .ko
 * files and what kbuild noted of them. It is only read.
 */
#ifndef SUTURE_SOURCE_MODULE_FOLDER_H
#define SUTURE_SOURCE_MODULE_FOLDER_H

#include <stdbool.h>

#include "base/error.h"

struct module_folder {
	char *release;	 /* of the kernel that its .ko files were built for; NULL: there are none */
	char *built_at;	 /* the folder's name when it was built: what __FILE__ begins with */
	char *kernel_at; /* where the kernel's source was then; NULL: kbuild did not note it so */
};

/* Has it a makefile that says obj-m? That of a whole kernel does not count. */
bool module_folder_is(const char *path);

/* What its files tell; ERROR_REFUSED if they are for different kernels. */
struct error *module_folder_read(const char *path, struct module_folder *out) __must_check;
void module_folder_free(struct module_folder *f);
#define __cleanup_module_folder __cleanup(module_folder_free)

/*
 * What it is called within a tree whose top folder is 'tree' (NULL: any): its own name, or
 * another one where that is taken. ERROR_FAILED for a path that kbuild takes no folder with.
 */
struct error *module_folder_name(const char *path, const char *tree, char **out) __must_check;

#endif

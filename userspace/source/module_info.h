/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What module files say of themselves. */
#ifndef SUTURE_SOURCE_MODULE_INFO_H
#define SUTURE_SOURCE_MODULE_INFO_H

#include "base/error.h"

/* The first "KEY=value" of .modinfo, as modinfo(8) shows it; allocated, NULL if there is none. */
struct error *module_info(const char *path, const char *key, char **out) __must_check;

/*
 * Write dir/modules.dep: the lines of the file 'others' (which may be missing), and one for each
 * .ko file in dir/kernel/FOLDER, which depends on what it says, among all of these.
 */
struct error *module_info_index(const char *dir, const char *folder,
				const char *others) __must_check;

#endif

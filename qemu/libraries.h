/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shared libraries and the loader that a program needs to run elsewhere. */
#ifndef SUTURE_QEMU_LIBRARIES_H
#define SUTURE_QEMU_LIBRARIES_H

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"

struct library_list {
	VEC(const char *) paths;
	struct arena arena;
};

/*
 * Append what 'path' needs: nothing for a static program or a file that is no ELF. A library
 * that cannot be found is an error.
 */
struct error *libraries_of(const char *path, struct library_list *list) __must_check;
/* Read the loader's answer ("\tlibz.so.1 => /lib/libz.so.1 (0x7f..)"); for libraries_of(). */
struct error *libraries_parse(const char *text, struct library_list *list) __must_check;
void library_list_free(struct library_list *list);
#define __cleanup_libraries __cleanup(library_list_free)

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kbuild is told when it compiles modules of a folder that has become one of the tree, so
 * that their objects are those of a build from outside: $(PWD), $(src), and what __FILE__ begins
 * with. From scripts/Makefile.build and the top Makefile of Linux 6.1, 6.12 and 7.2. Up to 6.12
 * kbuild compiles them from the kernel's tree, and names headers "./include/x.h" and a source as
 * M= does. From 6.13 on it compiles them from their folder, and names headers by the kernel's
 * absolute place and a source as seen from the folder.
 */
#ifndef SUTURE_SOURCE_MODULE_VARIABLES_H
#define SUTURE_SOURCE_MODULE_VARIABLES_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

/* Does the kernel of that tree compile such modules from within their folder? */
struct error *module_compiles_within(const char *tree, bool *out) __must_check;

struct module_build {
	const char *folder;    /* what it is called in the tree */
	const char *built_at;  /* where it was when its modules were built */
	const char *kernel_at; /* where the kernel was then; NULL: up to 6.12, which does not say */
};

/* Lines of a makefile for kbuild_survey() and kbuild_commands(), which stay at the tree's top. */
struct error *module_variables(const struct module_build *b, struct strbuf *out) __must_check;
/* The same for make M= in the tree at the absolute path 'tree'. */
struct error *module_make_variables(const struct module_build *b, const char *tree,
				    struct strbuf *out) __must_check;

#endif

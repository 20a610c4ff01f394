/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's own makefiles say: which objects this configuration compiles, from what,
 * into what, and with which command. They are asked, never imitated: kbuild descends from the
 * top of the tree as it does in a build, with the rules that would compile replaced by rules
 * that print.
 */
#ifndef SUTURE_SOURCE_KBUILD_H
#define SUTURE_SOURCE_KBUILD_H

#include "base/error.h"
#include "base/str.h"
#include "source/target.h"

/*
 * Survey the tree of t->dir in the target's root: generate what its makefiles generate (headers,
 * tables), and write into t->dir
 *	units		a line an object: OBJECT SOURCE MODFILE... ("-": vmlinux)
 *	includes	a line an #include "x.c": FILE INCLUDED
 *	kbuild.mk, kbuild.env
 * 'variables' are lines of a makefile that come before all others ("override CC = clang").
 */
struct error *kbuild_survey(const struct target *t, const char *variables,
			    uint64_t *n_units) __must_check;

/*
 * The shell commands that compile objects ("fs/proc/cmdline.o" as the units file spells them)
 * when run in the tree, objtool's included. Nothing in the tree is written. 'scratch' is a
 * folder for the makefiles' own attempts. commands[i] is allocated.
 */
struct error *kbuild_commands(const struct target *t, const char *scratch,
			      const char *const *objects, size_t n, char **commands) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a text says about the files that are read together with it. Only words are looked at:
 * conditions are taken as true, comments as code. So nothing is missed, and much is found that
 * no compiler reads.
 */
#ifndef SUTURE_SOURCE_INCLUDE_SCAN_H
#define SUTURE_SOURCE_INCLUDE_SCAN_H

#include <stddef.h>

#include "base/error.h"

enum include_kind {
	INCLUDE_QUOTED = 'q',	/* #include "name" */
	INCLUDE_ANGLED = 'a',	/* #include <name> */
	INCLUDE_NEXT = 'n',	/* #include_next, or a macro's value: any file of that name */
	INCLUDE_COMPUTED = 'c', /* #include NAME: a macro's */
	INCLUDE_DEFINED = 'd',	/* #define NAME "file.h": what NAME stands for is known */
	INCLUDE_PRE = 'p',	/* -include name, in a makefile */
	INCLUDE_INPUT = 'm',	/* named in a makefile: something may be generated from it */
};

/* Gets each name once for each place; 'name' is not terminated. */
typedef struct error *include_sink(void *arg, enum include_kind kind, const char *name, size_t n);

/* C or assembly. Pure. */
struct error *include_scan(const char *text, size_t n, include_sink *sink, void *arg) __must_check;
/* A makefile. Pure. */
struct error *include_scan_makefile(const char *text, size_t n, include_sink *sink,
				    void *arg) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the benches of hotpatching begin with: a program of tests/hotpatch/programs and its fix. */
#ifndef SUTURE_TESTS_BENCH_HOT_BENCH_H
#define SUTURE_TESTS_BENCH_HOT_BENCH_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "tests/hotpatch/fix_object.h"

static char *program, *fix;
static struct hotpatch_object object;

static void check(struct error *e)
{
	if (!e)
		return;
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, error_message(e));
	exit(error_kind(e));
}

/* tests/hotpatch/programs/NAME.c and tests/hotpatch/fixes/NAME.c */
static void compile(const char *dir, const char *name)
{
	char *line;

	program = str_printf("%s/%s", dir, name);
	fix = str_printf("%s/fix.o", dir);
	line = str_printf(
		"cc -I. -D_GNU_SOURCE -O2 -pthread -Wl,--build-id -o %s tests/hotpatch/programs/%s.c && "
		"cc -I. -O2 -fPIC -c -o %s tests/hotpatch/fixes/%s.c",
		program, name, fix, name);
	if (!program || !fix || !line)
		check(error_nomem());
	if (system(line))
		check(error_failed("the test program can't be compiled"));
	free(line);
}

#endif

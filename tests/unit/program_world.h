/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tests of programs share: files in the test's folder, and commands that must succeed. */
#ifndef SUTURE_TESTS_PROGRAM_WORLD_H
#define SUTURE_TESTS_PROGRAM_WORLD_H

#include "snippet.h"

static struct tmpdir dir;

static char *in_dir(const char *name)
{
	static char paths[8][300];
	static int n;
	char *p = paths[n++ % 8];

	snprintf(p, sizeof(paths[0]), "%s/%s", dir.path, name);
	return p;
}

static void run(const char *const *argv)
{
	struct strbuf log __cleanup_strbuf = { 0 };
	struct subprocess p = { .argv = argv, .out = &log, .err = &log, .timeout = 60 };

	ok(subprocess_check(&p));
}

#endif

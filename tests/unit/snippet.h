/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects for tests, compiled on the spot from C or assembler text. */
#ifndef SUTURE_TESTS_SNIPPET_H
#define SUTURE_TESTS_SNIPPET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/subprocess.h"
#include "elf/object.h"

/* Fails the test with the error's message. */
static inline void ok(struct error *e)
{
	if (e)
		print_error("%s\n", error_message(e));
	assert_null(e);
}

/* The error must be there and say 'word'; it is freed. */
static inline void expect_error(struct error *e, const char *word)
{
	assert_non_null(e);
	if (!strstr(error_message(e), word))
		fail_msg("\"%s\" does not say \"%s\"", error_message(e), word);
	error_free(&e);
}

/*
 * Compiled with the flags that kernel code has and the test's own, up to four. The language
 * is "c" or "assembler"; the source's name in line tables is FOLDER/snippet.
 */
static inline void compile_snippet_by(const char *compiler, const char *folder,
				      const char *language, const char *text, const char *out,
				      const char *const extra[4])
{
	static const char *const none[4];
	char *source __free = str_printf("%s/snippet", folder);
	struct strbuf log __cleanup_strbuf = { 0 };
	const char *const *x = extra ? extra : none;
	const char *argv[32] = { compiler,
				 "-c",
				 "-O2",
				 "-g",
				 "-ffunction-sections",
				 "-fdata-sections",
				 "-fno-pic",
				 "-fno-pie",
				 "-mcmodel=kernel",
				 "-fcf-protection=none",
				 "-fno-asynchronous-unwind-tables",
				 "-fno-stack-protector",
				 "-fno-common",
				 "-fno-strict-aliasing",
				 "-x",
				 language,
				 "-o",
				 out,
				 source };
	struct subprocess p = { .argv = argv, .out = &log, .err = &log, .timeout = 60 };
	size_t n = 19;

	for (size_t i = 0; i < 4 && x[i]; i++)
		argv[n++] = x[i];
	assert_non_null(source);
	ok(file_write(source, text, strlen(text), 0644));
	ok(subprocess_check(&p));
}

static inline void compile_snippet(const char *folder, const char *language, const char *text,
				   const char *out, const char *const extra[4])
{
	compile_snippet_by("gcc", folder, language, text, out, extra);
}

#endif

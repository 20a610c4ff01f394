// SPDX-License-Identifier: GPL-2.0-or-later
/* Compile commands taken apart: quoting, the two programs, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"
#include "source/command.h"

#define COMPILE "gcc-12 -Wp,-MMD,fs/.x.o.d -g -DA='\"fs/x\"' -DB=\\\"b\\\" -c -o fs/x.o fs/x.c"
#define OBJTOOL "./tools/objtool/objtool --orc fs/x.o"

static size_t count(const char *const *argv)
{
	size_t n = 0;

	while (argv[n])
		n++;
	return n;
}

static void assert_unknown(const char *text)
{
	struct command c __cleanup_command = { 0 };
	struct error *e __cleanup_error = command_parse(text, &c);

	if (!e)
		fail_msg("taken: %s", text);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
}

static void test_the_compiler_and_objtool_are_told_apart(void **state)
{
	struct command c __cleanup_command = { 0 };
	struct error *e __cleanup_error = command_parse(COMPILE "   ; " OBJTOOL, &c);

	(void)state;
	assert_null(e);
	assert_int_equal(count(c.compile), 9);
	assert_string_equal(c.compile[0], "gcc-12");
	assert_string_equal(c.compile[3], "-DA=\"fs/x\"");
	assert_string_equal(c.compile[4], "-DB=\"b\"");
	assert_string_equal(c.compile[8], "fs/x.c");
	assert_int_equal(count(c.objtool), 3);
}

static void test_an_object_without_objtool_has_none(void **state)
{
	struct command c __cleanup_command = { 0 };
	struct error *e __cleanup_error = command_parse(COMPILE, &c);

	(void)state;
	assert_null(e);
	assert_null(c.objtool);
}

static void test_what_a_shell_would_expand_is_refused(void **state)
{
	static const char *const bad[] = { "$HOME", "`id`", "a|b",   "a&b",    "<a",
					   ">a",    "*",    "'open", "\"$x\"", "{a,b}" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char *text __free = str_printf("gcc %s -Wp,-MMD,d -c -o fs/x.o fs/x.c", bad[i]);

		assert_unknown(text);
	}
}

static void test_another_program_than_objtool_is_refused(void **state)
{
	(void)state;
	assert_unknown(COMPILE " ; rm fs/x.o");
	assert_unknown(COMPILE " ; " OBJTOOL " ; " OBJTOOL);
	assert_unknown(COMPILE " ; ./tools/objtool/objtool --orc fs/y.o");
	assert_unknown("gcc-12 -S fs/x.c");
	assert_unknown("");
}

static void test_a_retargeted_command_keeps_the_flags_and_the_source(void **state)
{
	struct command c __cleanup_command = { 0 };
	struct arena a __cleanup(arena_free) = { 0 };
	const char **argv;

	(void)state;
	assert_null(command_parse(COMPILE " ; " OBJTOOL, &c));
	assert_null(command_retarget(&c, "/w/x.o", "/w/x.d", "/tree", &a, &argv));
	assert_int_equal(count(argv), 12);
	assert_string_equal(argv[1], "-Wp,-MMD,/w/x.d");
	assert_string_equal(argv[2], "-g");
	assert_string_equal(argv[5], "-ffunction-sections");
	assert_string_equal(argv[6], "-fdata-sections");
	assert_true(str_starts(argv[7], "-fdebug-prefix-map=/tree="));
	assert_string_equal(argv[10], "/w/x.o");
	assert_string_equal(argv[11], "fs/x.c");
	assert_null(command_objtool(&c, "/w/x.o", &a, &argv));
	assert_string_equal(argv[1], "--orc");
	assert_string_equal(argv[2], "/w/x.o");
	assert_null(argv[3]);
}

static void test_a_command_that_writes_no_dependencies_cannot_be_checked(void **state)
{
	struct command c __cleanup_command = { 0 };
	struct arena a __cleanup(arena_free) = { 0 };
	struct error *e __cleanup_error = NULL;
	const char **argv;

	(void)state;
	assert_null(command_parse("gcc-12 -O2 -c -o fs/x.o fs/x.c", &c));
	e = command_retarget(&c, "/w/x.o", "/w/x.d", "/tree", &a, &argv);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
}

static bool has(const char *const *argv, const char *word)
{
	for (; *argv; argv++)
		if (str_equal(*argv, word))
			return true;
	return false;
}

/* What layouts are compared by is always there. */
static void test_debug_information_is_whole_whatever_the_configuration_says(void **state)
{
	static const char *const without[] = {
		"gcc -Wp,-MMD,x.d -O2 -c -o x.o x.c",
		"gcc -Wp,-MMD,x.d -g0 -c -o x.o x.c",
		"gcc -Wp,-MMD,x.d -g -gsplit-dwarf -gz=zlib -c -o x.o x.c",
		"gcc -Wp,-MMD,x.d -gdwarf-5 -femit-struct-debug-baseonly -c -o x.o x.c",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(without); i++) {
		struct command c __cleanup_command = { 0 };
		const char **argv;

		assert_null(command_parse(without[i], &c));
		assert_null(command_retarget(&c, "y.o", "y.d", "/tree", &c.arena, &argv));
		assert_true(has(argv, "-g") || has(argv, "-gdwarf-5"));
		assert_false(has(argv, "-g0") || has(argv, "-gsplit-dwarf") ||
			     has(argv, "-gz=zlib") || has(argv, "-femit-struct-debug-baseonly"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_debug_information_is_whole_whatever_the_configuration_says),
		cmocka_unit_test(test_the_compiler_and_objtool_are_told_apart),
		cmocka_unit_test(test_an_object_without_objtool_has_none),
		cmocka_unit_test(test_what_a_shell_would_expand_is_refused),
		cmocka_unit_test(test_another_program_than_objtool_is_refused),
		cmocka_unit_test(test_a_retargeted_command_keeps_the_flags_and_the_source),
		cmocka_unit_test(test_a_command_that_writes_no_dependencies_cannot_be_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

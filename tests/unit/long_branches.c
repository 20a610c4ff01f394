// SPDX-License-Identifier: GPL-2.0-or-later
/* The header that makes branches on static keys longer, and how the compiler comes to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "source/command.h"
#include "source/long_branches.h"

static void expect_header(const char *text, const char *wanted)
{
	struct strbuf made __cleanup_strbuf = { 0 };

	assert_null(long_branches_header(text, strlen(text), &made));
	assert_string_equal(strbuf_str(&made), wanted);
}

static void test_each_jump_of_a_branch_becomes_long_and_nothing_else(void **state)
{
	(void)state;
	/* As from 6.1 on, and as from 6.13 on. */
	expect_header(
		"/* jmp */ asm goto(\"1:\"\n\"jmp %l[l_yes] # objtool NOPs this \\n\\t\"\n"
		"\"jmp %l[l_yes]\\n\\t\"",
		"/* jmp */ asm goto(\"1:\"\n\"jmp.d32 %l[l_yes] # objtool NOPs this \\n\\t\"\n"
		"\"jmp.d32 %l[l_yes]\\n\\t\"");
	expect_header("\"1: jmp \" label \" # objtool NOPs this\"",
		      "\"1: jmp.d32 \" label \" # objtool NOPs this\"");
}

static void test_a_header_without_such_jumps_is_refused(void **state)
{
	struct strbuf made __cleanup_strbuf = { 0 };
	const char text[] = "asm goto(\"b %l[l_yes]\"); /* jmp %";
	struct error *e __cleanup_error = long_branches_header(text, strlen(text), &made);

	(void)state;
	assert_non_null(e);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
}

static void test_the_header_is_found_before_all_others(void **state)
{
	struct command c __cleanup_command = { 0 };
	const char **argv;

	(void)state;
	assert_null(
		command_parse("gcc-12 -Wp,-MMD,d -I./arch/x86/include -c -o fs/x.o fs/x.c", &c));
	argv = c.compile;
	assert_null(command_first_include("/w/long", "arch/x86/include", &c.arena, &argv));
	assert_string_equal(argv[0], "gcc-12");
	assert_string_equal(argv[1], "-I/w/long");
	assert_string_equal(argv[2], "-ffile-prefix-map=/w/long=./arch/x86/include");
	assert_string_equal(argv[3], "-Wp,-MMD,d");
	assert_string_equal(argv[4], "-I./arch/x86/include");
	assert_string_equal(argv[8], "fs/x.c");
	assert_null(argv[9]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_jump_of_a_branch_becomes_long_and_nothing_else),
		cmocka_unit_test(test_a_header_without_such_jumps_is_refused),
		cmocka_unit_test(test_the_header_is_found_before_all_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

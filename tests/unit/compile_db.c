// SPDX-License-Identifier: GPL-2.0-or-later
/* Compile commands: taken apart as a shell would, and made anew for another folder and output. */
#include "snippet.h"

#include "source/compile_db.h"

static void parse(const char *text, struct compile_db *db)
{
	ok(compile_db_parse(text, strlen(text), db));
}

static void test_a_command_is_taken_apart_as_a_shell_would(void **state)
{
	struct compile_db db __cleanup_compile_db = { 0 };
	static const char *const want[] = { "gcc", "-DA=\"x y\"", "-DB=z w", "-c", "a.c", NULL };

	(void)state;
	parse("[{\"directory\": \"/s/b\", \"file\": \"../a.c\", \"command\": "
	      "\"ccache gcc '-DA=\\\"x y\\\"' -DB=z\\\\ w -c a.c\"}]",
	      &db);
	assert_int_equal(db.entries.n, 1);
	assert_string_equal(db.entries.v[0].file, "/s/a.c");
	for (size_t i = 0; want[i]; i++)
		assert_string_equal(db.entries.v[0].argv[i], want[i]);
	assert_null(db.entries.v[0].argv[5]);
}

static void test_what_compiles_nothing_is_left_out(void **state)
{
	struct compile_db db __cleanup_compile_db = { 0 };

	(void)state;
	parse("[{\"directory\": \"/s\", \"file\": \"a.o\", \"arguments\": [\"ld\", \"a.o\"]}]",
	      &db);
	assert_int_equal(db.entries.n, 0);
}

static void test_a_path_does_not_lead_above_the_root(void **state)
{
	static const struct {
		const char *directory, *path, *want;
	} all[] = {
		{ "/s", "..", "/" },
		{ "/s", "../../..", "/" },
		{ "/", "/", "/" },
		{ "/s", "../../a.c", "/a.c" },
		{ "/s/b", "./../a.c", "/s/a.c" },
		{ "/s", "//a//b", "/a/b" },
	};
	struct arena a __cleanup(arena_free) = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_string_equal(compile_path(&a, all[i].directory, all[i].path), all[i].want);
}

static void test_what_is_no_list_of_commands_is_refused(void **state)
{
	static const struct {
		const char *text, *word;
	} all[] = {
		{ "{}", "no list" },
		{ "[{\"directory\": \"s\", \"file\": \"a.c\", \"command\": \"cc -c a.c\"}]",
		  "absolute" },
		{ "[{\"directory\": \"/s\", \"file\": \"a.c\", \"command\": \"cc 'a\"}]", "quote" },
		{ "[{\"directory\": \"/s\", \"file\": \"a.c\"}]", "command" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		struct compile_db db __cleanup_compile_db = { 0 };

		expect_error(compile_db_parse(all[i].text, strlen(all[i].text), &db), all[i].word);
	}
}

static bool has(const char **argv, const char *word)
{
	for (; *argv; argv++)
		if (str_equal(*argv, word))
			return true;
	return false;
}

#define COMMAND(more)                                                                          \
	"[{\"directory\": \"/s/b\", \"file\": \"/s/a.c\", \"command\": \"gcc -I/s/inc -I../x " \
	"-MMD -MF a.d -O2 " more " -c -o a.o /s/a.c\"}]"

static void test_a_command_is_made_anew_in_another_folder(void **state)
{
	struct compile_db db __cleanup_compile_db = { 0 };
	struct arena a __cleanup(arena_free) = { 0 };
	const char **argv, *directory;

	(void)state;
	parse(COMMAND(""), &db);
	assert_string_equal(db.entries.v[0].output, "/s/b/a.o");
	ok(compile_command(&db.entries.v[0], COMPILE_SECTIONS, "/s", "/copy", "/out.o", &a, &argv,
			   &directory));
	assert_string_equal(directory, "/copy/b");
	assert_true(has(argv, "-I/copy/inc") && has(argv, "-I../x") && has(argv, "/copy/a.c"));
	assert_true(has(argv, "-ffunction-sections") && has(argv, "/out.o"));
	assert_true(has(argv, "-ffile-prefix-map=/copy=/s"));
	assert_false(has(argv, "-MMD") || has(argv, "a.d") || has(argv, "a.o"));
}

static void test_the_same_command_has_no_flag_that_changes_code(void **state)
{
	struct compile_db db __cleanup_compile_db = { 0 };
	struct arena a __cleanup(arena_free) = { 0 };
	const char **argv, *directory;

	(void)state;
	parse(COMMAND(""), &db);
	ok(compile_command(&db.entries.v[0], COMPILE_SAME, "/s", "/copy", "/out.o", &a, &argv,
			   &directory));
	assert_false(has(argv, "-ffunction-sections") || has(argv, "-fdata-sections"));
}

static void test_link_time_optimisation_is_refused(void **state)
{
	struct compile_db db __cleanup_compile_db = { 0 };
	struct arena a __cleanup(arena_free) = { 0 };
	const char **argv, *directory;

	(void)state;
	parse(COMMAND("-flto=auto"), &db);
	expect_error(compile_command(&db.entries.v[0], COMPILE_SAME, "/s", "/copy", "/o", &a, &argv,
				     &directory),
		     "-flto");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_command_is_taken_apart_as_a_shell_would),
		cmocka_unit_test(test_what_compiles_nothing_is_left_out),
		cmocka_unit_test(test_a_path_does_not_lead_above_the_root),
		cmocka_unit_test(test_what_is_no_list_of_commands_is_refused),
		cmocka_unit_test(test_a_command_is_made_anew_in_another_folder),
		cmocka_unit_test(test_the_same_command_has_no_flag_that_changes_code),
		cmocka_unit_test(test_link_time_optimisation_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading diffs and applying them: what fits, what is refused, and what is said then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "source/diff.h"

#define HEAD "--- a/fs/x.c\n+++ b/fs/x.c\n"

static struct error *parse(const char *text, struct diff *d)
{
	return diff_parse(text, strlen(text), d);
}

/* Apply a diff of one file. */
static struct error *apply(const char *text, const char *old, struct strbuf *out)
{
	struct diff d __cleanup_diff = { 0 };

	TRY(parse(text, &d));
	return diff_apply(&d.files.v[0], old, strlen(old), out);
}

static void assert_applies(const char *text, const char *old, const char *want)
{
	struct strbuf out __cleanup_strbuf = { 0 };
	struct error *e __cleanup_error = apply(text, old, &out);

	if (e)
		fail_msg("%s", error_message(e));
	assert_string_equal(strbuf_str(&out), want);
}

static void assert_says(struct error *e, enum error_kind kind, const char *part)
{
	assert_non_null(e);
	assert_int_equal(error_kind(e), kind);
	if (!strstr(error_message(e), part))
		fail_msg("'%s' is not in '%s'", part, error_message(e));
	error_free(&e);
}

static void assert_fails(const char *text, const char *old, const char *part)
{
	struct strbuf out __cleanup_strbuf = { 0 };

	assert_says(apply(text, old, &out), ERROR_FAILED, part);
}

static void assert_refused(const char *text, enum error_kind kind, const char *part)
{
	struct diff d __cleanup_diff = { 0 };

	assert_says(parse(text, &d), kind, part);
}

static void test_a_hunk_replaces_its_lines(void **state)
{
	(void)state;
	assert_applies(HEAD "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n", "a\nb\nc\nd\n", "a\nB\nc\nd\n");
}

static void test_a_hunk_that_has_moved_is_found(void **state)
{
	(void)state;
	assert_applies(HEAD "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n", "new\nnew\na\nb\nc\n",
		       "new\nnew\na\nB\nc\n");
}

static void test_the_offset_of_one_hunk_is_expected_of_the_next(void **state)
{
	(void)state;
	/* The second hunk would fit at line 4, too; by the first one's offset it is line 6. */
	assert_applies(HEAD "@@ -1,1 +1,1 @@\n-a\n+A\n@@ -4,1 +4,1 @@\n-x\n+X\n",
		       "0\n0\na\nx\nb\nx\n", "0\n0\nA\nx\nb\nX\n");
}

static void test_a_hunk_that_fits_in_two_other_places_is_not_guessed(void **state)
{
	(void)state;
	assert_fails(HEAD "@@ -9,1 +9,1 @@\n-x\n+X\n", "a\nx\nb\nx\n", "fits in several places");
}

static void test_fuzz_is_refused_and_expectation_and_finding_are_named(void **state)
{
	(void)state;
	assert_fails(
		HEAD "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n", "a\nb\nC\n",
		"fs/x.c: hunk 1 (line 3 of the diff) does not apply: at line 3 it expects 'c', "
		"but there is 'C'");
}

static void test_a_file_that_is_too_short_is_named_as_such(void **state)
{
	(void)state;
	assert_fails(HEAD "@@ -1,2 +1,1 @@\n a\n-b\n", "a\n", "the file has only 1 lines");
}

static void test_lines_are_inserted_where_nothing_is_removed(void **state)
{
	(void)state;
	assert_applies(HEAD "@@ -1,0 +2,1 @@\n+n\n", "a\nb\n", "a\nn\nb\n");
	assert_applies(HEAD "@@ -0,0 +1,1 @@\n+n\n", "a\n", "n\na\n");
}

static void test_a_missing_newline_at_the_end_is_kept_and_given(void **state)
{
	(void)state;
	assert_applies(HEAD "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n", "a", "b\n");
	assert_applies(HEAD "@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n", "a\n", "b");
	assert_fails(HEAD "@@ -1 +1 @@\n-a\n+b\n", "a", "does not apply");
}

static void test_a_line_without_newline_cannot_be_in_the_middle(void **state)
{
	(void)state;
	assert_fails(HEAD "@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n", "a\nc\n",
		     "no longer be the last");
}

static void test_a_carriage_return_is_part_of_a_line(void **state)
{
	(void)state;
	assert_fails(HEAD "@@ -1 +1 @@\n-a\n+b\n", "a\r\n", "does not apply");
}

static void test_a_context_line_whose_blank_was_eaten_is_an_empty_line(void **state)
{
	(void)state;
	assert_applies(HEAD "@@ -1,3 +1,3 @@\n a\n\n-b\n+B\n", "a\n\nb\n", "a\n\nB\n");
}

static void test_the_text_of_a_mail_around_a_diff_is_skipped(void **state)
{
	struct diff d __cleanup_diff = { 0 };
	struct error *e __cleanup_error = NULL;

	(void)state;
	e = parse(
		"From: a\nSubject: b\n\ntext\n---\n fs/x.c | 2 +-\n\n"
		"diff --git a/fs/x.c b/fs/x.c\nindex 1..2 100644\n" HEAD
		"@@ -1,1 +1,1 @@ int f(void)\n-a\n+b\n-- \n2.39\n\n"
		"--- old/mm/y.c\t2026-01-01 00:00:00\n+++ new/mm/y.c\t2026-01-02\n@@ -1 +1 @@\n-a\n+b\n",
		&d);
	assert_null(e);
	assert_int_equal(d.files.n, 2);
	assert_string_equal(d.files.v[0].path, "fs/x.c");
	assert_string_equal(d.files.v[1].path, "mm/y.c");
	assert_int_equal(d.files.v[0].hunks.n, 1);
}

static void test_created_and_deleted_files_are_known(void **state)
{
	struct diff d __cleanup_diff = { 0 };

	(void)state;
	assert_null(parse("--- /dev/null\n+++ b/fs/n.c\n@@ -0,0 +1 @@\n+a\n"
			  "--- a/fs/o.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n",
			  &d));
	assert_true(d.files.v[0].created);
	assert_string_equal(d.files.v[0].path, "fs/n.c");
	assert_true(d.files.v[1].deleted);
	assert_string_equal(d.files.v[1].path, "fs/o.c");
}

static void test_paths_that_leave_the_tree_are_refused(void **state)
{
	static const char *const paths[] = {
		"/etc/passwd", "a/../../etc/passwd", "a/fs/../x.c", "a//etc/x.c", "a/./x.c",
		"x.c",	       "../a/fs/x.c",	     "a/fs/",	    "a/fs/x y.c", "\"a/fs/x.c\"",
		"a/fs/x\x01.c"
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		snprintf(text, sizeof(text), "--- %s\n+++ %s\n@@ -1 +1 @@\n-a\n+b\n", paths[i],
			 paths[i]);
		assert_refused(text, ERROR_REFUSED, "is not a path inside a source tree");
	}
}

static void test_what_is_no_plain_change_is_refused(void **state)
{
	(void)state;
	assert_refused("--- a/fs/x.c\n+++ b/fs/y.c\n@@ -1 +1 @@\n-a\n+b\n", ERROR_REFUSED,
		       "renamed");
	assert_refused("diff --git a/x/a b/x/b\nrename from x/a\nrename to x/b\n", ERROR_REFUSED,
		       "rename from");
	assert_refused("diff --git a/x/a b/x/a\nGIT binary patch\nliteral 1\n", ERROR_REFUSED,
		       "binary");
	assert_refused(HEAD "@@ -1 +1 @@\n-a\n+b\n" HEAD "@@ -1 +1 @@\n-a\n+b\n", ERROR_REFUSED,
		       "a second time");
}

static void test_a_broken_diff_is_an_error_that_names_its_line(void **state)
{
	(void)state;
	assert_refused("", ERROR_FAILED, "no diff");
	assert_refused("hello\n", ERROR_FAILED, "no diff");
	assert_refused(HEAD, ERROR_FAILED, "no hunk follows");
	assert_refused(HEAD "@@ -1,2 +1,2 @@\n a\n", ERROR_FAILED, "ends inside a hunk");
	assert_refused(HEAD "@@ -1,2 +1,2 @@\n a\n*b\n", ERROR_FAILED, "line 5 of the diff");
	assert_refused(HEAD "@@ -1 @@\n-a\n", ERROR_FAILED, "no hunk header");
	assert_refused(HEAD "@@ -99999999999999999999,1 +1 @@\n-a\n", ERROR_FAILED,
		       "no hunk header");
	assert_refused(HEAD "@@ -1,1 +1,0 @@\n+a\n", ERROR_FAILED, "longer than its header");
	assert_refused(HEAD "@@ -1,0 +1,1 @@\n-a\n", ERROR_FAILED, "longer than its header");
	assert_refused("text\n@@ -1 +1 @@\n-a\n+b\n", ERROR_FAILED, "hunk without a file");
	assert_refused("--- /dev/null\n+++ /dev/null\n@@ -1 +1 @@\n-a\n+b\n", ERROR_FAILED,
		       "both sides");
	/* More lines than the header says: the rest must not be lost in silence. */
	assert_refused(HEAD "@@ -1 +1 @@\n-a\n+b\n@@ -5 +5 @\n-c\n", ERROR_FAILED, "hunk");
}

static void test_hunks_out_of_order_are_an_error(void **state)
{
	(void)state;
	assert_fails(HEAD "@@ -3 +3 @@\n-c\n+C\n@@ -1 +1 @@\n-a\n+A\n", "a\nb\nc\n", "hunk 2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_hunk_replaces_its_lines),
		cmocka_unit_test(test_a_hunk_that_has_moved_is_found),
		cmocka_unit_test(test_the_offset_of_one_hunk_is_expected_of_the_next),
		cmocka_unit_test(test_a_hunk_that_fits_in_two_other_places_is_not_guessed),
		cmocka_unit_test(test_fuzz_is_refused_and_expectation_and_finding_are_named),
		cmocka_unit_test(test_a_file_that_is_too_short_is_named_as_such),
		cmocka_unit_test(test_lines_are_inserted_where_nothing_is_removed),
		cmocka_unit_test(test_a_missing_newline_at_the_end_is_kept_and_given),
		cmocka_unit_test(test_a_line_without_newline_cannot_be_in_the_middle),
		cmocka_unit_test(test_a_carriage_return_is_part_of_a_line),
		cmocka_unit_test(test_a_context_line_whose_blank_was_eaten_is_an_empty_line),
		cmocka_unit_test(test_the_text_of_a_mail_around_a_diff_is_skipped),
		cmocka_unit_test(test_created_and_deleted_files_are_known),
		cmocka_unit_test(test_paths_that_leave_the_tree_are_refused),
		cmocka_unit_test(test_what_is_no_plain_change_is_refused),
		cmocka_unit_test(test_a_broken_diff_is_an_error_that_names_its_line),
		cmocka_unit_test(test_hunks_out_of_order_are_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Several diffs as one; and what a diff's text says about it. */
#include "snippet.h"

#include "flow/fixes.h"
#include "source/combine.h"

static struct tmpdir dir;
static struct target target;

static void put(const char *name, const char *text)
{
	char *path __free = str_printf("%s/%s", dir.path, name);

	ok(file_write(path, text, strlen(text), 0644));
}

static int setup(void **state)
{
	(void)state;
	ok(tmpdir_make(NULL, &dir));
	target.tree = dir.path;
	put("one.c", "a\nb\nc\nd\n");
	put("two.c", "1\n2\n3");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tmpdir_remove(&dir);
	return 0;
}

#define ONE_A "--- a/one.c\n+++ b/one.c\n@@ -1,2 +1,2 @@\n-a\n+A\n b\n"
#define ONE_AB "--- a/one.c\n+++ b/one.c\n@@ -1,2 +1,3 @@\n A\n+new\n b\n"
#define ONE_BACK "--- a/one.c\n+++ b/one.c\n@@ -1,2 +1,2 @@\n-A\n+a\n b\n"
#define TWO "--- a/two.c\n+++ b/two.c\n@@ -2,2 +2,2 @@\n 2\n-3\n\\ No newline at end of file\n+4\n"
#define CREATE "--- /dev/null\n+++ b/new.c\n@@ -0,0 +1,1 @@\n+x\n"
#define CHANGE "--- a/new.c\n+++ b/new.c\n@@ -1,1 +1,1 @@\n-x\n+y\n"

static struct error *combine(const char *const *texts, size_t n, struct strbuf *out)
{
	static const char *const names[] = { "A.patch", "B.patch", "C.patch" };
	struct diff diffs[3] = { 0 };
	struct combine_input in[3];
	struct error *e;

	for (size_t i = 0; i < n; i++) {
		ok(diff_parse(texts[i], strlen(texts[i]), &diffs[i]));
		in[i] = (struct combine_input){ names[i], &diffs[i] };
	}
	e = combine_diffs(&target, in, n, out);
	for (size_t i = 0; i < n; i++)
		diff_free(&diffs[i]);
	return e;
}

/* What the combined diff makes of a file. */
static void becomes(const struct strbuf *combined, const char *path, const char *want)
{
	struct strbuf old __cleanup_strbuf = { 0 }, new __cleanup_strbuf = { 0 };
	char *at __free = str_printf("%s/%s", dir.path, path);
	struct diff d __cleanup_diff = { 0 };

	if (file_exists(at))
		ok(file_read(at, &old));
	ok(diff_parse(combined->s, combined->n, &d));
	vec_for_each(&d.files, f) {
		if (!str_equal(f->path, path))
			continue;
		assert_int_equal(f->created, !file_exists(at));
		ok(diff_apply(f, strbuf_str(&old), old.n, &new));
		assert_string_equal(strbuf_str(&new), want);
		return;
	}
	fail_msg("%s is not in the combined diff", path);
}

static void test_diffs_of_different_files_lie_side_by_side(void **state)
{
	struct strbuf out __cleanup_strbuf = { 0 };

	(void)state;
	ok(combine((const char *const[]){ ONE_A, TWO }, 2, &out));
	assert_string_equal(out.s, "--- a/one.c\n+++ b/one.c\n@@ -1,2 +1,2 @@\n-a\n+A\n b\n" TWO);
}

static void test_a_later_diff_applies_on_top_of_an_earlier_one(void **state)
{
	struct strbuf out __cleanup_strbuf = { 0 };

	(void)state;
	ok(combine((const char *const[]){ ONE_A, ONE_AB }, 2, &out));
	becomes(&out, "one.c", "A\nnew\nb\nc\nd\n");
}

static void test_a_missing_last_newline_survives(void **state)
{
	static const char back[] = "--- a/two.c\n+++ b/two.c\n@@ -1,3 +1,3 @@\n-1\n+0\n 2\n-4\n+5\n"
				   "\\ No newline at end of file\n";
	struct strbuf out __cleanup_strbuf = { 0 };

	(void)state;
	ok(combine((const char *const[]){ TWO, back }, 2, &out));
	becomes(&out, "two.c", "0\n2\n5");
}

static void test_a_file_that_one_diff_creates_may_be_changed_by_the_next(void **state)
{
	struct strbuf out __cleanup_strbuf = { 0 };

	(void)state;
	ok(combine((const char *const[]){ CREATE, CHANGE }, 2, &out));
	becomes(&out, "new.c", "y\n");
}

static void test_what_a_later_diff_takes_back_is_no_change(void **state)
{
	struct strbuf out __cleanup_strbuf = { 0 };

	(void)state;
	ok(combine((const char *const[]){ ONE_A, ONE_BACK, TWO }, 3, &out));
	assert_null(strstr(out.s, "one.c"));
	becomes(&out, "two.c", "1\n2\n4\n");
}

static void test_a_conflict_names_both_diffs_and_the_file(void **state)
{
	struct strbuf out __cleanup_strbuf = { 0 };
	struct error *e __cleanup_error = combine((const char *const[]){ ONE_A, ONE_A }, 2, &out);

	(void)state;
	assert_non_null(e);
	assert_non_null(strstr(error_message(e), "B.patch: one.c: hunk 1"));
	assert_non_null(strstr(error_advice(e), "A.patch changed one.c before"));
}

static void test_a_file_cannot_be_created_twice(void **state)
{
	struct strbuf out __cleanup_strbuf = { 0 };

	(void)state;
	expect_error(combine((const char *const[]){ CREATE, CREATE }, 2, &out), "it is there");
}

static void title_is(const char *text, const char *want)
{
	char *title __free = NULL;

	ok(fix_title(text, strlen(text), &title));
	if (!want)
		assert_null(title);
	else
		assert_string_equal(title, want);
}

static void test_the_title_is_what_a_diffs_text_says_first(void **state)
{
	char longest[601] = "";

	(void)state;
	title_is("fuse: fix it\n\nmore\n--- a/x\n+++ b/x\n", "fuse: fix it");
	title_is("From 1234 Mon\nFrom: A <a@b>\nDate: today\nSubject: [PATCH 5.10 2/3] mm: x\n",
		 "mm: x");
	title_is("\n\n--- a/x\n+++ b/x\n", NULL);
	title_is("diff --git a/x b/x\n", NULL);
	title_is("", NULL);
	title_is("\x1b[2J\nplain\n", "plain");
	for (int i = 0; i < 150; i++)
		strcat(longest, "\xc3\xa4\xc2\xb0");
	longest[strlen(longest) - 1] = '\0';
	{
		char *title __free = NULL;

		ok(fix_title(longest + 1, strlen(longest + 1), &title));
		assert_true(strlen(title) <= 200 && strlen(title) > 190);
		assert_int_not_equal((unsigned char)title[strlen(title) - 1], 0xc3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diffs_of_different_files_lie_side_by_side),
		cmocka_unit_test(test_a_later_diff_applies_on_top_of_an_earlier_one),
		cmocka_unit_test(test_a_missing_last_newline_survives),
		cmocka_unit_test(test_a_file_that_one_diff_creates_may_be_changed_by_the_next),
		cmocka_unit_test(test_what_a_later_diff_takes_back_is_no_change),
		cmocka_unit_test(test_a_conflict_names_both_diffs_and_the_file),
		cmocka_unit_test(test_a_file_cannot_be_created_twice),
		cmocka_unit_test(test_the_title_is_what_a_diffs_text_says_first),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

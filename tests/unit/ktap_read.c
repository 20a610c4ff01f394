// SPDX-License-Identifier: GPL-2.0-or-later
/* KTAP as the kernel's tests print it, and as a guest that dies leaves it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/ktap_read.h"

static struct ktap *read_text(const char *text)
{
	struct ktap *k = NULL;
	struct error *e __cleanup_error = ktap_read(text, strlen(text), &k);

	if (e)
		fail_msg("%s", error_message(e));
	return k;
}

static const struct ktap_result *nth(const struct ktap_level *l, unsigned int n)
{
	const struct ktap_result *t = l->first;

	while (t && --n)
		t = t->next;
	assert_non_null(t);
	return t;
}

static void assert_problem(const struct ktap *k, const char *words)
{
	for (const struct ktap_line *l = k->problems.first; l; l = l->next)
		if (strstr(l->text, words))
			return;
	fail_msg("no problem says '%s'; the first: %s", words,
		 k->problems.first ? k->problems.first->text : "none");
}

/* What kselftest/runner.sh prints for a collection of three. */
static const char kselftest[] = "TAP version 13\n"
				"1..3\n"
				"# timeout set to 0\n"
				"# selftests: livepatch: test-livepatch.sh\n"
				"# TEST: basic function patching ... ok\n"
				"[   12.0] livepatch: enabling patch\n"
				"# TEST: multiple livepatches ... ok\n"
				"ok 1 selftests: livepatch: test-livepatch.sh \n"
				"# selftests: livepatch: test-kprobe.sh\n"
				"# SKIP: test-kprobe requires CONFIG_KPROBES_ON_FTRACE\n"
				"ok 2 selftests: livepatch: test-kprobe.sh # SKIP\n"
				"# selftests: livepatch: test-state.sh\n"
				"not ok 3 selftests: livepatch: test-state.sh # exit=1 \n"
				"# Totals: pass:1 fail:1 xfail:0 xpass:0 skip:1 error:0\n";

static void test_a_collection_of_kselftest_is_read_unchanged(void **state)
{
	struct ktap *k __cleanup_ktap = read_text(kselftest);
	struct ktap_totals sum = ktap_totals(k);

	(void)state;
	assert_int_equal(k->problems.n, 0);
	assert_int_equal(k->top.plan, 3);
	assert_string_equal(nth(&k->top, 1)->name, "selftests: livepatch: test-livepatch.sh");
	assert_int_equal(nth(&k->top, 1)->said.n, 4);
	assert_string_equal(nth(&k->top, 1)->said.last->text, "TEST: multiple livepatches ... ok");
	assert_string_equal(nth(&k->top, 2)->reason,
			    "test-kprobe requires CONFIG_KPROBES_ON_FTRACE");
	assert_string_equal(nth(&k->top, 3)->reason, "exit=1");
	assert_int_equal(k->top.said.n, 1);
	assert_int_equal(sum.of[KTAP_PASS], 1);
	assert_int_equal(sum.of[KTAP_FAIL], 1);
	assert_int_equal(sum.of[KTAP_SKIP], 1);
	assert_false(ktap_passed(k));
}

static void test_skips_alone_do_not_fail(void **state)
{
	struct ktap *k __cleanup_ktap =
		read_text("KTAP version 1\n1..2\nok 1 a\nok 2 b # SKIP no\n");
	struct ktap *all __cleanup_ktap = read_text("KTAP version 1\n1..0 # SKIP no kprobes\n");
	struct ktap *none __cleanup_ktap = read_text("KTAP version 1\n1..0\n");

	(void)state;
	assert_true(ktap_passed(k));
	assert_true(ktap_passed(all));
	assert_string_equal(all->top.skipped, "no kprobes");
	assert_false(ktap_passed(none));
}

static void test_directives_are_told_apart(void **state)
{
	struct ktap *k __cleanup_ktap = read_text("TAP version 13\n1..7\n"
						  "not ok 1 - a # TODO later\n"
						  "ok 2 b # skip: no device\n"
						  "not ok 3 c # TIMEOUT 45 seconds\n"
						  "ok 4 issue #7 is fixed\n"
						  "ok 5 odd # name\n"
						  "not ok 6 - d # XFAIL\n"
						  "ok\n");

	(void)state;
	assert_int_equal(nth(&k->top, 1)->outcome, KTAP_XFAIL);
	assert_string_equal(nth(&k->top, 1)->name, "a");
	assert_string_equal(nth(&k->top, 1)->reason, "later");
	assert_int_equal(nth(&k->top, 2)->outcome, KTAP_SKIP);
	assert_string_equal(nth(&k->top, 2)->reason, "no device");
	assert_int_equal(nth(&k->top, 3)->outcome, KTAP_FAIL);
	assert_string_equal(nth(&k->top, 3)->reason, "TIMEOUT 45 seconds");
	assert_string_equal(nth(&k->top, 4)->name, "issue #7 is fixed");
	assert_string_equal(nth(&k->top, 5)->name, "odd # name");
	assert_int_equal(nth(&k->top, 6)->outcome, KTAP_XFAIL);
	assert_int_equal(nth(&k->top, 7)->number, 7);
	assert_int_equal(k->problems.n, 0);
}

/* KTAP's own nesting, that of the runner, and KUnit's without a version line. */
static const char *const nests[] = {
	"KTAP version 1\n1..1\n  KTAP version 1\n  1..2\n  # about it\n  ok 1 x\n  not ok 2 y\n"
	"not ok 1 suite\n",
	"TAP version 13\n1..1\n# TAP version 13\n# 1..2\n# # about it\n# ok 1 x\n# not ok 2 y\n"
	"not ok 1 suite\n",
	"KTAP version 1\n1..1\n    # Subtest: suite\n    1..2\n    ok 1 x\n    not ok 2 y\n"
	"not ok 1 suite\n",
};

static void test_tests_lie_within_tests(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nests); i++) {
		struct ktap *k __cleanup_ktap = read_text(nests[i]);
		const struct ktap_result *suite = nth(&k->top, 1);
		struct ktap_totals sum = ktap_totals(k);

		assert_int_equal(k->problems.n, 0);
		assert_non_null(suite->nested);
		assert_string_equal(nth(suite->nested, 2)->name, "y");
		assert_int_equal(sum.of[KTAP_PASS], 1);
		assert_int_equal(sum.of[KTAP_FAIL], 1);
		assert_false(ktap_passed(k));
	}
}

static const struct {
	const char *text, *problem;
} misfits[] = {
	{ "KTAP version 1\n1..3\nok 1 a\n", "2 of 3 results are missing" },
	{ "KTAP version 1\n1..1\nok 1 a\nok 2 b\n", "2 results, but 1 were planned" },
	{ "KTAP version 1\nok 1 a\n", "without a plan" },
	{ "KTAP version 1\n1..2\nok 1 a\nok 1 a\n", "line 4: result 1 where 2 was expected" },
	{ "KTAP version 1\n1..1\n1..2\nok 1 a\n", "line 3: a second plan" },
	{ "KTAP version 1\n1..2\nok 1 a\nBail out! no memory\nok 2 b\n", "bailed out: no memory" },
	{ "KTAP version 1\n1..1\n  KTAP version 1\n  1..1\n  not ok 1 x\nok 1 a\n",
	  "'a' has passed, but a test within it failed" },
	{ "KTAP version 1\n1..1\n  KTAP version 1\n  1..1\n  ok 1 x\n", "that has no result" },
	{ "KTAP version 1\n1..1\n  KTAP version 1\n  1..2\n  ok 1 x\nok 1 a\n",
	  "1 of 2 results are missing" },
	{ "KTAP version 1\n1..1\nok 1 a\nTAP version 13\n1..1\nok 1 a\n",
	  "results of another run" },
	{ "KTAP version 1\n1..18446744073709551615\n", "without a plan" },
};

static void test_what_does_not_fit_together_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(misfits); i++) {
		struct ktap *k __cleanup_ktap = read_text(misfits[i].text);

		assert_problem(k, misfits[i].problem);
		assert_false(ktap_passed(k));
	}
}

static void test_what_is_no_ktap_is_an_error(void **state)
{
	static const char *const texts[] = { "", "\n\n", "ok 1 a\n", "okay\n1..1\n",
					     "\xff\xfe\r\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct ktap *k = NULL;
		struct error *e __cleanup_error = ktap_read(texts[i], strlen(texts[i]), &k);

		assert_non_null(e);
		assert_non_null(strstr(error_message(e), "no test results"));
		assert_null(k);
	}
}

static void test_too_many_tests_within_tests_are_an_error(void **state)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct ktap *k = NULL;
	struct error *e __cleanup_error = NULL;

	(void)state;
	for (int i = 0; i <= KTAP_DEPTH; i++)
		assert_null(strbuf_printf(&text, "%*sKTAP version 1\n", 2 * i, ""));
	e = ktap_read(text.s, text.n, &k);
	assert_non_null(e);
	assert_non_null(strstr(error_message(e), "line 13: tests within tests"));
	assert_null(k);
}

static void test_bytes_that_would_confuse_are_replaced(void **state)
{
	static const char text[] = "KTAP version 1\r\n1..1\r\nok 1 a\0b\033[31m\r\n";
	struct ktap *k __cleanup_ktap = NULL;

	(void)state;
	assert_null(ktap_read(text, sizeof(text) - 1, &k));
	assert_string_equal(nth(&k->top, 1)->name, "a?b?[31m");
	assert_true(ktap_passed(k));
}

static void test_the_deepest_results_are_still_json(void **state)
{
	struct strbuf text __cleanup_strbuf = { 0 }, out __cleanup_strbuf = { 0 };
	struct ktap *k __cleanup_ktap = NULL;
	struct json j = json_begin(&out);

	(void)state;
	for (int i = 0; i < KTAP_DEPTH; i++)
		assert_null(
			strbuf_printf(&text, "%*sKTAP version 1\n%*s1..1\n", 2 * i, "", 2 * i, ""));
	for (int i = KTAP_DEPTH; i--;)
		assert_null(
			strbuf_printf(&text, "%*s# why\n%*sok 1 t%d\n", 2 * i, "", 2 * i, "", i));
	assert_null(ktap_read(text.s, text.n, &k));
	assert_true(ktap_passed(k));
	ktap_json(k, &j, NULL);
	assert_null(json_finish(&j));
	assert_non_null(strstr(out.s, "\"t11\""));
	assert_non_null(strstr(out.s, "suture-ktap/1"));
}

static void test_a_person_reads_the_answer_first(void **state)
{
	struct ktap *k __cleanup_ktap = read_text(kselftest);
	struct strbuf out __cleanup_strbuf = { 0 };

	(void)state;
	assert_null(ktap_text(k, &out));
	assert_string_equal(out.s,
			    "not passed: 1 pass, 1 fail, 1 skip, 0 xfail\n"
			    "fail  selftests: livepatch: test-state.sh: exit=1\n"
			    "skip  selftests: livepatch: test-kprobe.sh: test-kprobe requires "
			    "CONFIG_KPROBES_ON_FTRACE\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_collection_of_kselftest_is_read_unchanged),
		cmocka_unit_test(test_skips_alone_do_not_fail),
		cmocka_unit_test(test_directives_are_told_apart),
		cmocka_unit_test(test_tests_lie_within_tests),
		cmocka_unit_test(test_what_does_not_fit_together_is_told),
		cmocka_unit_test(test_what_is_no_ktap_is_an_error),
		cmocka_unit_test(test_too_many_tests_within_tests_are_an_error),
		cmocka_unit_test(test_bytes_that_would_confuse_are_replaced),
		cmocka_unit_test(test_the_deepest_results_are_still_json),
		cmocka_unit_test(test_a_person_reads_the_answer_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

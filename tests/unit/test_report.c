// SPDX-License-Identifier: GPL-2.0-or-later
/* KTAP, JUnit XML, JSON lines and the table of suture test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json_read.h"
#include "report/test_report.h"

static const struct trial_kernel kernels[] = { { "kernel:good", 2, 0, 3, NULL },
					       { "kernel:bad", 2, 0, 3, "quiet loglevel=1" },
					       { "kernel:refused", 2, 0, 3, NULL } };
static struct phase_result good[] = { { PHASE_BUILD, OUTCOME_PASS, 1, NULL },
				      { PHASE_TRANSITION, OUTCOME_PASS, 1, "after 1.00 s" },
				      { PHASE_LEAK, OUTCOME_SKIP, 0, "no reproducer was given" } };
static struct phase_result bad[] = {
	{ PHASE_BUILD, OUTCOME_PASS, 1, NULL },
	{ PHASE_TRANSITION, OUTCOME_FAIL, 20, "kswapd0 is in kswapd\n    schedule+1 # <&\">\a" },
};
static struct phase_result refused[] = { { PHASE_BUILD, OUTCOME_REFUSED, 1, "an init function" } };
static struct trial trials[3];
static struct strbuf out;

static void ok(struct error *e)
{
	if (e)
		fail_msg("%s", error_message(e));
}

static int prepare(void **state)
{
	struct phase_results r[] = { { { good, 3, 3 } }, { { bad, 2, 2 } }, { { refused, 1, 1 } } };

	(void)state;
	for (int i = 0; i < 3; i++)
		trials[i] = (struct trial){ .kernel = &kernels[i],
					    .results = r[i],
					    .verdict = verdict_of(&r[i]),
					    .seconds = 1,
					    .done = true };
	trials[1].logs = "/logs/bad";
	return 0;
}

static int tidy(void **state)
{
	(void)state;
	strbuf_free(&out);
	return 0;
}

static void says(const char *words)
{
	if (!strstr(strbuf_str(&out), words))
		fail_msg("'%s' is not in:\n%s", words, strbuf_str(&out));
}

static void test_ktap_nests_a_subtest_for_each_kernel(void **state)
{
	(void)state;
	ok(report_ktap_begin(3, &out));
	for (size_t i = 0; i < 3; i++)
		ok(report_ktap_kernel(&trials[i], i + 1, &out));
	assert_string_equal(out.s, "KTAP version 1\n1..3\n"
				   "  KTAP version 1\n  # Subtest: kernel:good\n  1..3\n"
				   "  ok 1 build\n  ok 2 transition # after 1.00 s\n"
				   "  ok 3 leak # SKIP no reproducer was given\n"
				   "ok 1 kernel:good # healthy\n"
				   "  KTAP version 1\n  # Subtest: kernel:bad\n  1..2\n"
				   "  ok 1 build\n"
				   "  # kswapd0 is in kswapd\n  #     schedule+1 # <&\">?\n"
				   "  not ok 2 transition # fail\n"
				   "not ok 2 kernel:bad # failed: transition\n"
				   "  KTAP version 1\n  # Subtest: kernel:refused\n  1..1\n"
				   "  ok 1 build # SKIP refused: an init function\n"
				   "ok 3 kernel:refused # SKIP refused\n");
}

static void test_junit_counts_and_escapes(void **state)
{
	(void)state;
	ok(report_junit(trials, 3, "a<b", &out));
	says("<testsuites name=\"a&lt;b\">");
	says("<testsuite name=\"kernel:good\" tests=\"3\" failures=\"0\" errors=\"0\" skipped=\"1\"");
	says("<testsuite name=\"kernel:bad\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\"");
	says("<failure type=\"fail\" message=\"kswapd0 is in kswapd\n"
	     "    schedule+1 # &lt;&amp;&quot;&gt;?\"/>");
	says("<system-out>/logs/bad</system-out>");
	says("<skipped message=\"an init function\"/>");
	assert_true(str_ends(out.s, "</testsuites>\n"));
}

static void test_each_event_is_one_line_of_json(void **state)
{
	const struct json_value *root;
	struct arena a = { 0 };
	const char *cause;

	(void)state;
	ok(report_json_verdict(&trials[1], &out));
	ok(json_parse(out.s, out.n, &a, &root));
	ok(json_need_string(root, "cause", &cause));
	assert_string_equal(cause, "transition");
	strbuf_free(&out);
	ok(report_json_verdict(&trials[0], &out));
	says("\"verdict\":\"healthy\",\"cause\":null");
	strbuf_free(&out);
	ok(report_json_end(trials, 3, 2, &out));
	says("\"exit\":5");
	arena_free(&a);
}

static void test_the_table_tells_why_how_to_repeat_it_and_where_the_logs_are(void **state)
{
	const struct subject s = { .path = "a fix.patch", .name = "a_fix" };
	const struct trial_options opt = { .subject = &s, .reproducer = "r.sh" };

	(void)state;
	ok(report_table(&opt, trials, 3, &out));
	says("\nkernel:bad: failed in 'transition'\n  kswapd0 is in kswapd\n");
	says("  again:  suture test 'a fix.patch' --kernel kernel:bad --smp 2 --repeat 3 --repro "
	     "r.sh --append 'quiet loglevel=1' --only life\n");
	says("  logs:   /logs/bad\n");
	says("\nkernel:refused: refused in 'build'\n");
	assert_int_equal(report_exit_code(trials, 3), 5);
	assert_int_equal(report_exit_code(trials, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_ktap_nests_a_subtest_for_each_kernel, tidy),
		cmocka_unit_test_teardown(test_junit_counts_and_escapes, tidy),
		cmocka_unit_test_teardown(test_each_event_is_one_line_of_json, tidy),
		cmocka_unit_test_teardown(
			test_the_table_tells_why_how_to_repeat_it_and_where_the_logs_are, tidy),
	};

	return cmocka_run_group_tests(tests, prepare, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* A record: what is read, what is refused and by which name, and what a small one looks like. */
#include "snippet.h"

#include <math.h>

#include "report/record.h"
#include "report/record_bars.h"

/* Two functions, one of them patched: twice as long since, on the same number of calls a second. */
static const char sample[] =
	"{\"schema\": \"suture-record/1\", \"version\": \"0\", \"patch\": \"fuse_uaf\",\n"
	" \"title\": \"fuse: no use after free\", \"bundle\": \"ab\", \"host\": \"db-1\",\n"
	" \"kernel\": \"6.1.0\", \"of\": \"kernel\", \"begun\": \"2026-11-27T17:00:00Z\",\n"
	" \"emulated\": false,\n"
	" \"policy\": {\"alpha\": 0.01, \"figures\": [\n"
	"  {\"key\": \"latency-margin\", \"value\": \"10 %\", \"by\": \"this host\"}],\n"
	"  \"notes\": [\"latency-margin: the fix says 30 %\"]},\n"
	" \"verdict\": {\"word\": \"degraded\", \"reason\": \"latency: 2 times\", \"at\": 40,\n"
	"  \"hard\": null, \"metric\": \"latency\", \"controlled\": true, \"watched\": 10,\n"
	"  \"odd\": 0, \"seconds_more\": null, \"findings\": [\n"
	"   {\"metric\": \"latency\", \"known\": true, \"unit\": \"ratio\", \"effect\": 2,\n"
	"    \"low\": 1.9, \"high\": 2.1, \"smallest\": 1.05, \"evidence\": null},\n"
	"   {\"metric\": \"leak\", \"known\": false, \"unit\": \"bytes/s\"}]},\n"
	" \"outcome\": \"reverted\",\n"
	" \"events\": [{\"time\": 30, \"event\": \"live\", \"text\": \"all tasks\"},\n"
	"  {\"time\": 31, \"event\": \"proved\"}],\n"
	" \"blockers\": [{\"pid\": 7, \"comm\": \"cat\", \"function\": \"fuse_open\",\n"
	"  \"seconds\": 4.5, \"stack\": [\"fuse_open+0x1/0x2\", \"do_sys_open\"]}],\n"
	" \"functions\": [\n"
	"  {\"object\": \"fuse\", \"function\": \"fuse_open\", \"role\": \"patched\",\n"
	"   \"by\": \"kprobe\", \"sample_every\": 1,\n"
	"   \"before\": {\"seconds\": 20, \"calls\": 200, \"taken\": 200, \"missed\": 0,\n"
	"    \"classes\": {\"0\": 190, \"ENOMEM\": 10}, \"buckets\": [[1024, 150], [1152, 50]],\n"
	"    \"quantiles\": {\"0.5\": 1100, \"0.99\": 1250}},\n"
	"   \"after\": {\"seconds\": 10, \"calls\": 100, \"taken\": 50, \"missed\": 0,\n"
	"    \"classes\": {\"0\": 40, \"ENOMEM\": 10}, \"buckets\": [[2048, 50]],\n"
	"    \"quantiles\": {\"0.5\": 2200, \"0.99\": 2500}}},\n"
	"  {\"function\": \"vfs_read\", \"role\": \"control\", \"why\": \"it is inlined\"}],\n"
	" \"series\": {\"interval\": 1, \"time\": [1, 2], \"p50\": [1100, null]},\n"
	" \"signals\": {\"oopses\": {\"before\": 0, \"after\": 1, \"hard\": true},\n"
	"  \"lockups\": {\"unknown\": \"no such counter\"}},\n"
	" \"proof\": [{\"function\": \"fuse_open\", \"new\": 3}],\n"
	" \"cost\": {\"unknown\": \"not calibrated\"}}\n";

static void parse(const char *text, struct record *out)
{
	ok(record_read(text, strlen(text), out));
}

/* The sample with 'from', which is in it once, replaced. */
static char *changed(const char *from, const char *to)
{
	const char *at = strstr(sample, from);

	if (!at || strstr(at + 1, from))
		fail_msg("'%s' is not in the sample once", from);
	return str_printf("%.*s%s%s", (int)(at - sample), sample, to, at + strlen(from));
}

static void test_all_that_is_in_it_is_read(void **state)
{
	struct record r __cleanup_record = { 0 };
	const struct record_finding *findings;
	const struct record_function *f;
	const struct record_blocker *b;
	const struct record_term *terms;
	const double *p50;
	size_t n;

	(void)state;
	parse(sample, &r);
	findings = r.verdict.findings.v;
	f = r.functions.v;
	b = r.blockers.v;
	terms = r.terms.figures.v;
	assert_string_equal(r.patch, "fuse_uaf");
	assert_string_equal(r.verdict.word, "degraded");
	assert_false(r.verdict.seconds_more.known);
	assert_int_equal(r.verdict.findings.n, 2);
	assert_float_equal(findings[0].high.value, 2.1, 0);
	assert_false(findings[1].known);
	assert_int_equal(r.functions.n, 2);
	assert_true(record_patched(&f[0]));
	assert_false(record_patched(&f[1]));
	assert_null(f[1].by);
	assert_float_equal(record_rate(&f[0].after, f[0].after.calls).value, 10, 0);
	assert_float_equal(record_named(&f[0].before.classes, "ENOMEM").value, 10, 0);
	assert_false(record_named(&f[0].before.classes, "EIO").known);
	assert_false(record_rate(&f[1].after, f[1].after.calls).known);
	assert_string_equal(b[0].function, "fuse_open");
	assert_int_equal(b[0].stack.n, 2);
	assert_string_equal(terms[0].by, "this host");
	assert_int_equal(r.terms.notes.n, 1);
	assert_float_equal(record_when(&r, "live").value, 30, 0);
	assert_false(record_when(&r, "confirmed").known);
	p50 = record_series(&r, "p50", &n);
	assert_int_equal(n, 2);
	assert_true(isnan(p50[1]));
	assert_null(record_series(&r, "p99", &n));
}

static void test_what_is_no_record_is_refused_by_the_field_s_name(void **state)
{
	static const struct {
		const char *from, *to, *word;
	} rows[] = {
		{ "suture-record/1", "suture-record/2", "schema is \"suture-record/2\"" },
		{ "\"patch\": \"fuse_uaf\",", "", "patch is missing" },
		{ "\"patch\": \"fuse_uaf\",", "\"patch\": 7,", "patch is not a string" },
		{ "\"of\": \"kernel\"", "\"of\": \"firmware\"", "of is \"firmware\"" },
		{ "\"emulated\": false", "\"emulated\": 0", "emulated is not true or false" },
		{ "\"verdict\": {\"word\"", "\"verdict\": {\"wort\"", "verdict.word is missing" },
		{ "\"degraded\"", "\"splendid\"", "verdict.word is \"splendid\"" },
		{ "\"verdict\": {", "\"verdict\": [], \"other\": {", "verdict is not an object" },
		{ "\"at\": 40", "\"at\": -1", "verdict.at is less than 0" },
		{ "\"at\": 40", "\"at\": \"40\"", "verdict.at is not a number" },
		{ "\"at\": 40", "\"at\": 1e300", "verdict.at is too large" },
		{ "\"watched\": 10", "\"watched\": 1e999", "" },
		{ "\"metric\": \"leak\",", "", "verdict.findings[1].metric is missing" },
		{ "\"effect\": 2", "\"effect\": []", "verdict.findings[0].effect is not a number" },
		{ "\"reverted\"", "\"forgotten\"", "outcome is \"forgotten\"" },
		{ "\"time\": 30", "\"time\": null", "events[0].time is missing" },
		{ "\"text\": \"all tasks\"", "\"text\": {}", "events[0].text is not a string" },
		{ "\"pid\": 7", "\"pid\": true", "blockers[0].pid is not a number" },
		{ "\"do_sys_open\"", "7", "blockers[0].stack[1] is not a string" },
		{ "\"by\": \"this host\"", "\"to\": \"you\"", "policy.figures[0].by is missing" },
		{ "\"notes\": [", "\"notes\": [[], ", "policy.notes[0] is not a string" },
		{ "\"calls\": 200", "\"calls\": -200", "functions[0].before.calls is less than 0" },
		{ "\"role\": \"control\", ", "", "functions[1].role is missing" },
		{ "\"ENOMEM\": 10}, \"buckets\": [[1024", "\"ENOMEM\": \"x\"}, \"buckets\": [[1024",
		  "functions[0].before.classes.ENOMEM is not a number" },
		{ "[1152, 50]", "[1024, 50]", "functions[0].before.buckets[1] does not lie above" },
		{ "[1152, 50]", "[1152]", "functions[0].before.buckets[1] is not [least" },
		{ "[1152, 50]", "[1152, 0.5]",
		  "functions[0].before.buckets[1] has what is no whole" },
		{ "[1152, 50]", "[18446744073709551615, 50]",
		  "functions[0].before.buckets[1] lies beyond" },
		{ "[1100, null]", "[1100]", "series.p50 has 1 numbers, and time 2" },
		{ "\"time\": [1, 2]", "\"time\": [2, 1]", "series.time[1] does not come after" },
		{ "\"time\": [1, 2]", "\"time\": [1, null]", "series.time[1] does not come after" },
		{ "\"oopses\": {", "\"oopses\": 1, \"x\": {", "signals.oopses is not an object" },
		{ "\"cost\": {", "\"cost\": \"x\", \"y\": {", "cost is not an object" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char *text __free = changed(rows[i].from, rows[i].to);
		struct record r = { 0 };

		expect_error(record_read(text, strlen(text), &r), rows[i].word);
		assert_null(r.root);
	}
}

static void test_a_record_cut_anywhere_is_refused(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(sample) - 2; n += 7) {
		struct record r = { 0 };

		expect_error(record_read(sample, n, &r), "");
	}
}

static void test_lists_are_bounded(void **state)
{
	struct strbuf many __cleanup_strbuf = { 0 };
	struct record r = { 0 };
	char *text __free = NULL;

	(void)state;
	ok(strbuf_puts(&many, "\"time\": [0"));
	for (size_t i = 0; i < RECORD_ITEMS; i++)
		ok(strbuf_puts(&many, ",0"));
	ok(strbuf_puts(&many, "]"));
	text = changed("\"time\": [1, 2]", many.s);
	expect_error(record_read(text, strlen(text), &r), "series.time has 100001 items");
}

static void test_what_need_not_be_there_may_be_missing(void **state)
{
	static const char least[] =
		"{\"schema\": \"suture-record/1\", \"patch\": \"p\", \"of\": \"processes\","
		" \"begun\": \"\", \"outcome\": \"kept, though degraded, by policy\","
		" \"verdict\": {\"word\": \"degraded\", \"reason\": \"\"}}";
	struct error *(*const forms[])(const struct record *,
				       struct strbuf *) = { record_html, record_json,
							    record_prometheus };
	struct record r __cleanup_record = { 0 };
	struct strbuf out __cleanup_strbuf = { 0 };

	(void)state;
	parse(least, &r);
	ok(record_text(&r, false, &out));
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		ok(forms[i](&r, &out));
}

/* Whole lines. */
static void has_line(const struct strbuf *out, const char *line)
{
	for (const char *at = out->s; at && *at;) {
		size_t n = strcspn(at, "\n");

		if (n == strlen(line) && !memcmp(at, line, n))
			return;
		at += n + (at[n] != 0);
	}
	fail_msg("there is no line '%s' in:\n%s", line, out->s);
}

static void test_the_text_begins_with_the_answer(void **state)
{
	struct record r __cleanup_record = { 0 };
	struct strbuf out __cleanup_strbuf = { 0 };

	(void)state;
	parse(sample, &r);
	ok(record_text(&r, false, &out));
	assert_true(str_starts(out.s,
			       "degraded: latency: 2 times\nreverted; the verdict came after "
			       "40.0 s, 10.0 s after the patch went live\n"));
	has_line(&out,
		 "  latency     2 times (1.90 to 2.10); the smallest that could be seen: 1.05");
	has_line(&out, "  leak        not known");
	has_line(&out, "  calls                      10/s         10/s       +0.0 %");
	/* Half of the calls since were measured: their returns stand for all. */
	has_line(&out, "  returns ENOMEM           0.50/s          2/s     +300.0 %");
	has_line(&out, "  process 7 cat in fuse_open for 4.50 s");
	has_line(&out, "  latency-margin  10 %                            this host");
	has_line(&out, "  latency-margin: the fix says 30 %");
	has_line(&out, "  not measured: it is inlined");
	has_line(&out, "  lockups                 unknown: no such counter");
	has_line(&out, "  unknown: not calibrated");
	assert_null(strchr(out.s, '\033'));
	out.n = 0;
	ok(record_text(&r, true, &out));
	assert_true(str_starts(out.s, "\033[1;33mdegraded\033[0m: "));
}

static void test_rows_of_bars_are_rates_on_common_buckets(void **state)
{
	struct record r __cleanup_record = { 0 };
	struct record_bars b;

	(void)state;
	parse(sample, &r);
	b = record_bars(r.functions.v);
	/* From the bucket of 1024 to that of 2048 are eight. */
	assert_int_equal(b.n, 9);
	assert_float_equal(b.row[0].low, 1024, 0);
	assert_float_equal(b.row[0].end, 1152, 0);
	assert_float_equal(b.row[0].before, 7.5, 1e-9);
	assert_float_equal(b.row[1].before, 2.5, 1e-9);
	/* Half of the calls were measured. */
	assert_float_equal(b.row[8].after, 10, 1e-9);
	assert_float_equal(b.row[8].end, 2304, 0);
	assert_float_equal(b.most, 10, 1e-9);
	b = record_bars((const struct record_function *)r.functions.v + 1);
	assert_int_equal(b.n, 0);
}

static void test_a_bucket_ends_where_the_next_begins(void **state)
{
	(void)state;
	assert_float_equal(record_bucket_end(0), 1, 0);
	assert_float_equal(record_bucket_end(7), 8, 0);
	assert_float_equal(record_bucket_end(8), 9, 0);
	assert_float_equal(record_bucket_end(1024), 1152, 0);
	assert_float_equal(record_bucket_end(1920), 2048, 0);
}

static void test_prometheus_has_each_figure_once(void **state)
{
	struct record r __cleanup_record = { 0 };
	struct strbuf out __cleanup_strbuf = { 0 };

	(void)state;
	parse(sample, &r);
	ok(record_prometheus(&r, &out));
	has_line(&out, "suture_verdict{patch=\"fuse_uaf\",word=\"degraded\"} 1");
	has_line(&out, "suture_verdict{patch=\"fuse_uaf\",word=\"healthy\"} 0");
	has_line(&out, "suture_patch_proved{patch=\"fuse_uaf\"} 1");
	has_line(&out, "suture_patched_function_latency_seconds_bucket{patch=\"fuse_uaf\","
		       "function=\"fuse_open\",when=\"before\",le=\"1.152e-06\"} 150");
	has_line(&out, "suture_patched_function_latency_seconds_bucket{patch=\"fuse_uaf\","
		       "function=\"fuse_open\",when=\"before\",le=\"+Inf\"} 200");
	has_line(&out, "suture_function_returns_total{patch=\"fuse_uaf\",function=\"fuse_open\","
		       "class=\"ENOMEM\",when=\"after\"} 10");
	has_line(&out, "suture_signal{patch=\"fuse_uaf\",signal=\"oopses\",unit=\"count\","
		       "when=\"after\"} 1");
	/* What is not known has no sample. */
	assert_null(strstr(out.s, "lockups"));
	assert_null(strstr(out.s, "suture_watch_cost_ratio"));
}

static void test_what_is_foreign_stays_text(void **state)
{
	char *text __free =
		changed("\"patch\": \"fuse_uaf\"", "\"patch\": \"<b>\\\"x\\\"</b>\\u001b[2J\\n\"");
	struct record r __cleanup_record = { 0 };
	struct strbuf out __cleanup_strbuf = { 0 };

	(void)state;
	parse(text, &r);
	ok(record_html(&r, &out));
	assert_null(strstr(out.s, "<b>\"x"));
	assert_non_null(strstr(out.s, "&lt;b&gt;"));
	assert_null(strchr(out.s, '\033'));
	out.n = 0;
	ok(record_text(&r, false, &out));
	assert_null(strchr(out.s, '\033'));
	out.n = 0;
	ok(record_prometheus(&r, &out));
	assert_non_null(strstr(out.s, "patch=\"<b>\\\"x\\\"</b>"));
	assert_null(strstr(out.s, "\n\""));
}

static void test_the_page_has_each_figure_and_no_script(void **state)
{
	struct record r __cleanup_record = { 0 };
	struct strbuf out __cleanup_strbuf = { 0 };

	(void)state;
	parse(sample, &r);
	ok(record_html(&r, &out));
	assert_non_null(strstr(out.s, "<title>fuse_uaf: degraded</title>"));
	assert_non_null(strstr(out.s, "default-src 'none'"));
	assert_null(strstr(out.s, "<script"));
	assert_null(strstr(out.s, "src="));
	assert_non_null(strstr(out.s, ">figures[0].value</td><td>10 %</td>"));
	assert_non_null(strstr(out.s, "fuse_open+0x1/0x2"));
	assert_non_null(strstr(out.s, "no such counter"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_that_is_in_it_is_read),
		cmocka_unit_test(test_what_is_no_record_is_refused_by_the_field_s_name),
		cmocka_unit_test(test_a_record_cut_anywhere_is_refused),
		cmocka_unit_test(test_lists_are_bounded),
		cmocka_unit_test(test_what_need_not_be_there_may_be_missing),
		cmocka_unit_test(test_the_text_begins_with_the_answer),
		cmocka_unit_test(test_rows_of_bars_are_rates_on_common_buckets),
		cmocka_unit_test(test_a_bucket_ends_where_the_next_begins),
		cmocka_unit_test(test_prometheus_has_each_figure_once),
		cmocka_unit_test(test_what_is_foreign_stays_text),
		cmocka_unit_test(test_the_page_has_each_figure_and_no_script),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

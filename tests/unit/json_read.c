// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON is read as RFC 8259 has it, and nothing else is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/json_read.h"

static const struct json_value *parsed(struct arena *a, const char *text)
{
	const struct json_value *root = NULL;
	struct error *e __cleanup_error = json_parse(text, strlen(text), a, &root);

	if (e)
		fail_msg("%s: %s", text, error_message(e));
	return root;
}

static void refused_n(const char *text, size_t n, const char *word)
{
	struct arena a = { 0 };
	const struct json_value *root = NULL;
	struct error *e __cleanup_error = json_parse(text, n, &a, &root);

	if (!e)
		fail_msg("%s is taken", text);
	if (!strstr(error_message(e), word))
		fail_msg("%s: \"%s\" does not say \"%s\"", text, error_message(e), word);
	assert_null(root);
	arena_free(&a);
}

static void refused(const char *text, const char *word)
{
	refused_n(text, strlen(text), word);
}

static void test_values_of_every_kind_are_read(void **state)
{
	struct arena a = { 0 };
	const struct json_value *o =
		parsed(&a, " {\"s\": \"a\\u00e9\\ud83d\\ude00\\n\", \"n\": -1.5e1,"
			   "\"u\": 18446744073709551615, \"t\": true,"
			   " \"z\": null, \"l\": [1, [], {}, \"x\"]} ");
	const struct json_value *l = NULL;
	const char *s = NULL;
	uint64_t u = 0;

	(void)state;
	assert_null(json_need_string(o, "s", &s));
	assert_string_equal(s, "a\xc3\xa9\xf0\x9f\x98\x80\n");
	assert_true(json_member(o, "n")->number == -15);
	assert_false(json_member(o, "n")->is_u64);
	assert_null(json_need_u64(o, "u", UINT64_MAX, &u));
	assert_true(u == UINT64_MAX);
	assert_true(json_member(o, "t")->truth);
	assert_null(json_need_string_or_null(o, "z", &s));
	assert_null(s);
	assert_null(json_need_list(o, "l", &l));
	assert_int_equal(l->n, 4);
	assert_int_equal(l->items[1].type, JSON_LIST);
	assert_int_equal(l->items[2].type, JSON_OBJECT);
	assert_string_equal(l->items[3].string, "x");
	arena_free(&a);
}

static void test_what_is_written_is_read_back(void **state)
{
	struct strbuf b __cleanup_strbuf = { 0 };
	struct json j = json_begin(&b);
	struct arena a = { 0 };
	const char *s = NULL;

	(void)state;
	json_object(&j, NULL);
	json_string(&j, "text", "\"quoted\"\\\t\x01 \xe2\x82\xac");
	json_end(&j);
	assert_null(json_finish(&j));
	assert_null(json_need_string(parsed(&a, b.s), "text", &s));
	assert_string_equal(s, "\"quoted\"\\\t\x01 \xe2\x82\xac");
	arena_free(&a);
}

static void test_what_is_no_json_is_refused_with_its_line(void **state)
{
	static const char *const bad[] = { "",
					   "{",
					   "[1,]",
					   "{\"a\":1,}",
					   "{'a':1}",
					   "[1 2]",
					   "{\"a\" 1}",
					   "01",
					   "1.",
					   "-",
					   "+1",
					   "1e",
					   "tru",
					   "[1]]",
					   "{\"a\"}",
					   "nul",
					   "\"",
					   "\"\\",
					   "\"\\x\"",
					   "\"\\u12\"",
					   "\"\\ud800\"",
					   "\"\\udc00\"",
					   "\"\\u0000\"",
					   "\"\t\"",
					   "\"\xc3\"",
					   "\"\xed\xa0\x80\"",
					   "\"\xff\"",
					   "// x\n1",
					   "1e999" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refused(bad[i], "line ");
	refused("{\n\"a\": 1,\n\"b\" 2}", "line 3");
	refused_n("[1]\0", 4, "follows");
	refused_n("\"a\0b\"", 5, "control character");
}

static void test_a_member_twice_is_refused(void **state)
{
	(void)state;
	refused("{\"a\": 1, \"a\": 2}", "two members");
	refused("{\"a\": 1, \"\\u0061\": 2}", "two members");
}

static void test_deep_nesting_is_refused(void **state)
{
	char text[20000];

	(void)state;
	memset(text, '[', sizeof(text));
	refused_n(text, sizeof(text), "deeply");
	memset(text, ' ', sizeof(text));
	for (size_t i = 0; i + 5 < sizeof(text); i += 5)
		memcpy(text + i, "{\"a\":", 5);
	refused_n(text, sizeof(text), "deeply");
}

static void test_a_missing_or_mistyped_member_is_named(void **state)
{
	struct arena a = { 0 };
	const struct json_value *o = parsed(&a, "{\"n\": 7, \"s\": \"x\", \"f\": 1.5}");
	const char *s = NULL;
	uint64_t u = 0;
	struct error *e;

	(void)state;
	e = json_need_string(o, "gone", &s);
	assert_string_equal(error_message(e), "\"gone\" is missing");
	error_free(&e);
	e = json_need_string(o, "n", &s);
	assert_string_equal(error_message(e), "\"n\" is not a string");
	error_free(&e);
	e = json_need_u64(o, "n", 6, &u);
	assert_non_null(e);
	error_free(&e);
	e = json_need_u64(o, "f", 6, &u);
	assert_non_null(e);
	error_free(&e);
	assert_null(json_member(NULL, "n"));
	assert_null(json_member(json_member(o, "n"), "n"));
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values_of_every_kind_are_read),
		cmocka_unit_test(test_what_is_written_is_read_back),
		cmocka_unit_test(test_what_is_no_json_is_refused_with_its_line),
		cmocka_unit_test(test_a_member_twice_is_refused),
		cmocka_unit_test(test_deep_nesting_is_refused),
		cmocka_unit_test(test_a_missing_or_mistyped_member_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON as RFC 8259 wants it, whatever the strings hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>

#include <cmocka.h>

#include "base/json.h"

static void test_objects_and_arrays_nest_with_commas_between(void **state)
{
	struct strbuf b __cleanup_strbuf = { 0 };
	struct json j = json_begin_compact(&b);

	(void)state;
	json_object(&j, NULL);
	json_string(&j, "name", "vmlinux");
	json_array(&j, "items");
	json_u64(&j, NULL, UINT64_MAX);
	json_i64(&j, NULL, INT64_MIN);
	json_bool(&j, NULL, true);
	json_null(&j, NULL);
	json_end(&j);
	json_array(&j, "none");
	json_end(&j);
	json_hex(&j, "at", 0xffffffff81000000);
	json_end(&j);
	assert_null(json_finish(&j));
	assert_string_equal(b.s, "{\"name\":\"vmlinux\",\"items\":[18446744073709551615,"
				 "-9223372036854775808,true,null],\"none\":[],"
				 "\"at\":\"0xffffffff81000000\"}\n");
}

static void test_lines_are_indented_when_not_compact(void **state)
{
	struct strbuf b __cleanup_strbuf = { 0 };
	struct json j = json_begin(&b);

	(void)state;
	json_object(&j, NULL);
	json_object(&j, "a");
	json_u64(&j, "b", 1);
	assert_null(json_finish(&j));
	assert_string_equal(b.s, "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n");
}

static void quoted(const char *in, const char *out)
{
	struct strbuf b __cleanup_strbuf = { 0 };
	struct json j = json_begin_compact(&b);

	json_string(&j, NULL, in);
	assert_null(json_finish(&j));
	assert_int_equal(b.s[b.n - 1], '\n');
	b.s[b.n - 1] = '\0';
	assert_string_equal(b.s, out);
}

static void test_quotes_and_control_characters_are_escaped(void **state)
{
	(void)state;
	quoted("a\"b\\c", "\"a\\\"b\\\\c\"");
	quoted("\n\t\x1b[0m\x7f", "\"\\u000a\\u0009\\u001b[0m\\u007f\"");
}

static void test_utf8_passes_and_other_bytes_become_the_replacement_character(void **state)
{
	(void)state;
	quoted("µ → 𝛿", "\"µ → 𝛿\"");
	quoted("\xff", "\"\xef\xbf\xbd\"");
	quoted("\xc3", "\"\xef\xbf\xbd\"");				    /* cut off */
	quoted("\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"");		    /* overlong */
	quoted("\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""); /* a surrogate */
}

static void test_numbers_that_json_lacks_become_null(void **state)
{
	struct strbuf b __cleanup_strbuf = { 0 };
	struct json j = json_begin_compact(&b);

	(void)state;
	json_array(&j, NULL);
	json_double(&j, NULL, NAN);
	json_double(&j, NULL, INFINITY);
	json_double(&j, NULL, 0.25);
	assert_null(json_finish(&j));
	assert_string_equal(b.s, "[null,null,0.25]\n");
}

static void test_nesting_too_deep_is_an_error_at_the_end(void **state)
{
	struct strbuf b __cleanup_strbuf = { 0 };
	struct json j = json_begin(&b);
	struct error *e __cleanup_error = NULL;

	(void)state;
	for (int i = 0; i < JSON_DEPTH + 1; i++)
		json_array(&j, NULL);
	for (int i = 0; i < JSON_DEPTH + 1; i++)
		json_end(&j);
	e = json_finish(&j);
	assert_non_null(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_objects_and_arrays_nest_with_commas_between),
		cmocka_unit_test(test_lines_are_indented_when_not_compact),
		cmocka_unit_test(test_quotes_and_control_characters_are_escaped),
		cmocka_unit_test(test_utf8_passes_and_other_bytes_become_the_replacement_character),
		cmocka_unit_test(test_numbers_that_json_lacks_become_null),
		cmocka_unit_test(test_nesting_too_deep_is_an_error_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Strings that grow, numbers read strictly, quantities for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

static void test_a_buffer_grows_and_stays_terminated(void **state)
{
	struct strbuf b __cleanup_strbuf = { 0 };

	(void)state;
	assert_string_equal(strbuf_str(&b), "");
	for (int i = 0; i < 1000; i++)
		assert_null(strbuf_printf(&b, "%03d,", i));
	assert_int_equal(b.n, 4000);
	assert_int_equal(strlen(b.s), 4000);
	assert_memory_equal(b.s + 3996, "999,", 5);
}

static void test_bytes_with_a_nul_inside_are_kept(void **state)
{
	struct strbuf b __cleanup_strbuf = { 0 };

	(void)state;
	assert_null(strbuf_add(&b, "a\0b", 3));
	assert_null(strbuf_puts(&b, "c"));
	assert_int_equal(b.n, 4);
	assert_memory_equal(b.s, "a\0bc", 5);
}

static void test_a_size_that_cannot_be_is_refused_and_changes_nothing(void **state)
{
	struct strbuf b __cleanup_strbuf = { 0 };
	struct error *e __cleanup_error = NULL;

	(void)state;
	assert_null(strbuf_puts(&b, "kept"));
	e = strbuf_add(&b, "x", SIZE_MAX - 3);
	assert_non_null(e);
	assert_string_equal(strbuf_str(&b), "kept");
}

static void test_beginnings_and_ends_are_compared_whole(void **state)
{
	(void)state;
	assert_true(str_starts("kernel:6.1", "kernel:"));
	assert_false(str_starts("ker", "kernel:"));
	assert_true(str_ends("a.ko", ".ko"));
	assert_false(str_ends("ko", ".ko"));
	assert_true(str_ends("x", ""));
}

static void test_numbers_are_read_in_both_bases_to_their_limits(void **state)
{
	uint64_t v = 1;

	(void)state;
	assert_null(str_u64("0", &v));
	assert_int_equal(v, 0);
	assert_null(str_u64("0xffffffffffffffff", &v));
	assert_true(v == UINT64_MAX);
	assert_null(str_u64("18446744073709551615", &v));
	assert_true(v == UINT64_MAX);
}

static void test_what_is_not_wholly_a_number_is_refused_and_nothing_is_stored(void **state)
{
	static const char *const bad[] = { "",	 " 1", "-1",   "+1",  "1 ",
					   "0x", "1x", "0x-1", "0xg", "18446744073709551616" };
	uint64_t v = 42;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct error *e __cleanup_error = str_u64(bad[i], &v);

		assert_non_null(e);
		assert_int_equal(v, 42);
	}
}

static void test_durations_read_well_at_every_size(void **state)
{
	(void)state;
	assert_string_equal(str_duration(0).s, "0 µs");
	assert_string_equal(str_duration(-1).s, "0 µs");
	assert_string_equal(str_duration(0.0000125).s, "12 µs");
	assert_string_equal(str_duration(0.0025).s, "2.5 ms");
	assert_string_equal(str_duration(0.38).s, "380 ms");
	assert_string_equal(str_duration(1.2449).s, "1.24 s");
	assert_string_equal(str_duration(12.34).s, "12.3 s");
	assert_string_equal(str_duration(125).s, "2 min 05 s");
	assert_string_equal(str_duration(59.999).s, "1 min 00 s");
	assert_string_equal(str_duration(3661).s, "1 h 01 min");
}

static void test_sizes_use_powers_of_a_thousand(void **state)
{
	(void)state;
	assert_string_equal(str_size(0).s, "0 B");
	assert_string_equal(str_size(999).s, "999 B");
	assert_string_equal(str_size(1234).s, "1.2 kB");
	assert_string_equal(str_size(14700000).s, "15 MB");
	assert_string_equal(str_size(999600).s, "1.0 MB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_buffer_grows_and_stays_terminated),
		cmocka_unit_test(test_bytes_with_a_nul_inside_are_kept),
		cmocka_unit_test(test_a_size_that_cannot_be_is_refused_and_changes_nothing),
		cmocka_unit_test(test_beginnings_and_ends_are_compared_whole),
		cmocka_unit_test(test_numbers_are_read_in_both_bases_to_their_limits),
		cmocka_unit_test(test_what_is_not_wholly_a_number_is_refused_and_nothing_is_stored),
		cmocka_unit_test(test_durations_read_well_at_every_size),
		cmocka_unit_test(test_sizes_use_powers_of_a_thousand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

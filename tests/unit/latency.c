// SPDX-License-Identifier: GPL-2.0-or-later
/* Buckets of time, classes of what is returned, and the way to attach to a function. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/histogram.h"
#include "probe/health.h"
#include "probe/latency_class.h"
#include "probe/latency_plan.h"

static void test_the_buckets_of_the_kernel_are_those_of_the_judge(void **state)
{
	(void)state;
	assert_int_equal(histogram_bucket(LATENCY_SUB), LATENCY_SUB);
	assert_int_equal(histogram_bucket(2 * LATENCY_SUB), 2 * LATENCY_SUB);
	assert_int_equal(histogram_bucket((1ull << LATENCY_BITS) - 1), LATENCY_BUCKETS - 2);
	assert_int_equal(histogram_bucket(1ull << LATENCY_BITS), LATENCY_BUCKETS - 1);
	assert_true(LATENCY_BUCKETS <= HISTOGRAM_BUCKETS);
}

static void test_buckets_follow_one_another_without_a_gap(void **state)
{
	(void)state;
	for (unsigned int i = 0; i + 1 < LATENCY_BUCKETS; i++) {
		uint64_t low = (uint64_t)histogram_floor(i),
			 next = (uint64_t)histogram_floor(i + 1);

		assert_true(low < next);
		assert_int_equal(histogram_bucket(low), i);
		assert_int_equal(histogram_bucket(next - 1), i);
	}
}

static void test_classes_have_the_names_of_their_errnos(void **state)
{
	(void)state;
	assert_string_equal(latency_class_name(LATENCY_ZERO), "0");
	assert_string_equal(latency_class_name(2), "ENOENT");
	assert_string_equal(latency_class_name(22), "EINVAL");
	assert_string_equal(latency_class_name(LATENCY_ERRNOS - 1), "EHWPOISON");
	assert_string_equal(latency_class_name(LATENCY_NEGATIVE), "other negative");
	assert_string_equal(latency_class_name(LATENCY_POSITIVE), "positive");
}

static void test_a_trampoline_is_for_what_is_described_and_alone_and_not_patched(void **state)
{
	static const struct {
		struct latency_facts facts;
		enum latency_way way;
		enum latency_return returned;
		const char *why;
	} rows[] = {
		{ { true, 1, false, true, LATENCY_RETURN_INT },
		  LATENCY_BY_TRAMPOLINE,
		  LATENCY_RETURN_INT,
		  NULL },
		{ { true, 1, true, true, LATENCY_RETURN_INT },
		  LATENCY_BY_KPROBE,
		  LATENCY_RETURN_INT,
		  "patched" },
		{ { false, 1, false, true, LATENCY_RETURN_NONE },
		  LATENCY_BY_KPROBE,
		  LATENCY_RETURN_NONE,
		  "BTF" },
		{ { true, 2, false, true, LATENCY_RETURN_INT },
		  LATENCY_BY_KPROBE,
		  LATENCY_RETURN_NONE,
		  "name" },
		{ { true, 1, false, false, LATENCY_RETURN_POINTER },
		  LATENCY_BY_KPROBE,
		  LATENCY_RETURN_POINTER,
		  "trampoline" },
		/* What is told counts only where BTF has nothing of this function. */
		{ { false, 1, false, true, LATENCY_RETURN_NONE, LATENCY_RETURN_LONG },
		  LATENCY_BY_KPROBE,
		  LATENCY_RETURN_LONG,
		  "BTF" },
		{ { true, 2, false, true, LATENCY_RETURN_INT, LATENCY_RETURN_LONG },
		  LATENCY_BY_KPROBE,
		  LATENCY_RETURN_LONG,
		  "name" },
		{ { true, 1, false, true, LATENCY_RETURN_INT, LATENCY_RETURN_LONG },
		  LATENCY_BY_TRAMPOLINE,
		  LATENCY_RETURN_INT,
		  NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct latency_plan p = latency_plan(&rows[i].facts);

		assert_int_equal(p.way, rows[i].way);
		assert_int_equal(p.returned, rows[i].returned);
		if (rows[i].why)
			assert_non_null(strstr(p.why, rows[i].why));
		else
			assert_null(p.why);
	}
}

static void test_pressure_is_the_total_of_some(void **state)
{
	uint64_t n = 7;

	(void)state;
	assert_true(health_parse_pressure("some avg10=0.00 avg60=0.12 avg300=0.05 total=4321\n"
					  "full avg10=0.00 avg60=0.00 avg300=0.00 total=99\n",
					  &n));
	assert_int_equal(n, 4321);
	assert_false(health_parse_pressure("some avg10=0.00\nfull total=99\n", &n));
	assert_false(health_parse_pressure("", &n));
	assert_int_equal(n, 4321);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets_follow_one_another_without_a_gap),
		cmocka_unit_test(test_the_buckets_of_the_kernel_are_those_of_the_judge),
		cmocka_unit_test(test_pressure_is_the_total_of_some),
		cmocka_unit_test(test_classes_have_the_names_of_their_errnos),
		cmocka_unit_test(
			test_a_trampoline_is_for_what_is_described_and_alone_and_not_patched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Readings of the probes as batches for the judge, and several verdicts as one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "flow/controls.h"
#include "flow/vigil.h"
#include "flow/watch_batch.h"

static void test_a_batch_is_what_two_readings_differ_in(void **state)
{
	struct latency_counts before = { .entries = 10, .returns = 9 };
	struct latency_counts now = { .entries = 15, .returns = 13 };
	struct latency_counts d;

	(void)state;
	before.buckets[80] = 9;
	now.buckets[80] = 10;
	now.buckets[90] = 3;
	d = watch_difference(&before, &now);
	assert_int_equal(d.entries, 5);
	assert_int_equal(d.returns, 4);
	assert_int_equal(d.buckets[80], 1);
	assert_int_equal(d.buckets[90], 3);
}

static void test_a_counter_that_went_back_gives_nothing(void **state)
{
	struct latency_counts before = { .entries = 10 }, now = { .entries = 3 };
	struct latency_counts d;

	(void)state;
	before.classes[5] = 7;
	d = watch_difference(&before, &now);
	assert_int_equal(d.entries, 0);
	assert_int_equal(d.classes[5], 0);
}

static void test_each_errno_keeps_its_class(void **state)
{
	static struct batch b;
	struct latency_counts d = { .returns = 10 };

	(void)state;
	d.buckets[100] = 10;
	d.classes[LATENCY_ZERO] = 4;
	d.classes[LATENCY_POSITIVE] = 3;
	d.classes[22] = 2;
	d.classes[LATENCY_NEGATIVE] = 1;
	watch_batch_target(&b, &d, LATENCY_RETURN_INT);
	assert_int_equal(b.latency.count[100], 10);
	assert_int_equal(b.returns[RETURN_ZERO], 4);
	assert_int_equal(b.returns[RETURN_POSITIVE], 3);
	assert_int_equal(b.returns[RETURN_ERRNO + 22], 2);
	assert_int_equal(b.returns[RETURN_NEGATIVE], 1);
}

static void test_no_pointer_is_an_error_and_nothing_returned_is_none(void **state)
{
	static struct batch pointer, nothing;
	struct latency_counts d = { .returns = 5 };

	(void)state;
	d.classes[LATENCY_ZERO] = 5;
	watch_batch_target(&pointer, &d, LATENCY_RETURN_POINTER);
	assert_int_equal(pointer.returns[RETURN_NULL], 5);
	watch_batch_target(&nothing, &d, LATENCY_RETURN_NONE);
	assert_int_equal(nothing.returns[RETURN_ZERO], 5);
}

static void test_controls_add_up(void **state)
{
	static struct batch b;
	static struct histogram h[2];
	struct latency_counts d = { .returns = 5 };

	(void)state;
	d.buckets[70] = 5;
	d.classes[LATENCY_ZERO] = 3;
	d.classes[5] = 2;
	watch_batch_control(&b, &h[0], &d, LATENCY_RETURN_INT);
	watch_batch_control(&b, &h[1], &d, LATENCY_RETURN_NONE);
	assert_int_equal(b.control_calls, 10);
	assert_int_equal(b.control_errors, 2);
	assert_int_equal(h[1].count[70], 5);
}

static void test_what_is_known_on_both_sides_happened(void **state)
{
	static struct batch b;
	struct health_reading before = { 0 }, now = { 0 };

	(void)state;
	for (unsigned int i = 0; i < HEALTH_SIGNALS; i++)
		before.v[i].known = now.v[i].known = true;
	now.v[HEALTH_WARNINGS].value = 1;
	now.v[HEALTH_HUNG_TASKS].value = 1;
	now.v[HEALTH_OOPSES].value = 1;
	before.v[HEALTH_OOPSES].known = false;
	now.v[HEALTH_PROCESS_CRASHES].value = 4;
	watch_batch_host(&b, &before, &now);
	assert_int_equal(b.hard, 1u << HARD_WARNING | 1u << HARD_LOCKUP);
	assert_int_equal(b.signal[1], 4);
}

static struct own_reading own_reading(bool loaded, uint64_t warnings, uint64_t others,
				      uint64_t crashes)
{
	return (struct own_reading){
		.leak = { .known = true, .bytes = 4096 },
		.blame = { true,
			   true,
			   { .warnings = warnings, .others = others, .crashes = crashes } },
		.loaded = loaded,
	};
}

static void test_a_warning_of_other_code_is_counted_and_one_of_the_new_code_decides(void **state)
{
	const struct own_reading before = own_reading(true, 0, 0, 0);
	const struct own_reading other = own_reading(true, 0, 2, 0);
	const struct own_reading mine = own_reading(true, 1, 2, 0);
	/* Whose it is is not known yet. */
	const struct own_reading early = own_reading(false, 0, 1, 0);
	static struct batch b;

	(void)state;
	b.hard = 1u << HARD_WARNING;
	watch_batch_own(&b, &before, &other, false);
	assert_int_equal(b.hard, 0);
	assert_int_equal(b.signal[4], 2);
	assert_non_null(strstr(watch_batch_signal_words(4), "other code"));
	b.hard = 0;
	watch_batch_own(&b, &other, &mine, false);
	assert_int_equal(b.hard, 1u << HARD_WARNING);
	assert_int_equal(b.signal[4], 0);
	watch_batch_own(&b, &early, &early, false);
	assert_int_equal(b.hard, 1u << HARD_WARNING);
}

static void test_a_process_that_the_new_code_ended_decides_unless_the_old_did_it_too(void **state)
{
	const struct own_reading before = own_reading(true, 0, 0, 3);
	const struct own_reading now = own_reading(true, 0, 0, 4);
	static struct batch b;

	(void)state;
	watch_batch_own(&b, &before, &now, true);
	assert_int_equal(b.hard, 0);
	watch_batch_own(&b, &before, &before, false);
	assert_int_equal(b.hard, 0);
	watch_batch_own(&b, &before, &now, false);
	assert_int_equal(b.hard, 1u << HARD_CRASH);
}

static void test_bytes_that_are_not_all_followed_are_not_judged(void **state)
{
	struct own_reading r = own_reading(true, 0, 0, 0);
	static struct batch b;

	(void)state;
	watch_batch_own(&b, &r, &r, false);
	assert_true(b.has_leak && b.leak == 4096);
	r.leak.unfollowed = 1;
	watch_batch_own(&b, &r, &r, false);
	assert_false(b.has_leak);
	r.leak = (struct leak_reading){ .why = "nothing is known" };
	watch_batch_own(&b, &r, &r, false);
	assert_false(b.has_leak);
}

static void test_the_policy_counts_in_batches(void **state)
{
	struct judge_policy usual = judge_policy_usual();
	struct judge_policy wanted = usual, p;

	(void)state;
	wanted.baseline = 10;
	wanted.soak = 20;
	p = watch_policy(&wanted, 0.25, 2, false);
	assert_int_equal(p.baseline, 40);
	assert_int_equal(p.soak, 80);
	assert_true(p.alpha == usual.alpha / 2);
	assert_true(p.drift == usual.drift / 4);
	assert_null(judge_policy_check(&p));
	assert_int_equal(watch_policy(&usual, 1, 1, true).soak, usual.soak);
	assert_true(watch_policy(&usual, 1, 1, true).latency_floor > p.latency_floor);
}

static void test_the_worst_of_those_that_are_called_stands(void **state)
{
	const struct judge_verdict v[] = { { .word = JUDGE_HEALTHY },
					   { .word = JUDGE_INCONCLUSIVE },
					   { .word = JUDGE_FAILED } };
	size_t idle;

	(void)state;
	assert_int_equal(vigil_worst(v, (double[]){ 5, 5, 5 }, 2, &idle), 1);
	assert_int_equal(idle, 0);
	/* Nobody called the one that can't be told. */
	assert_int_equal(vigil_worst(v, (double[]){ 5, 0, 5 }, 2, &idle), 0);
	assert_int_equal(idle, 1);
	/* What failed stands, called or not. */
	assert_int_equal(vigil_worst(v, (double[]){ 5, 5, 0 }, 3, &idle), 2);
	/* Without a call at all nothing is known. */
	assert_int_equal(vigil_worst(v + 1, (double[]){ 0, 0 }, 1, &idle), 0);
}

static void test_controls_are_those_called_most_within_reason(void **state)
{
	static const double rate[] = { -1, 19, 300, 5, 1e6, 20, 19999, 300 };
	size_t chosen[3];

	(void)state;
	assert_int_equal(controls_pick(rate, ARRAY_SIZE(rate), chosen, 3), 3);
	assert_int_equal(chosen[0], 6);
	assert_int_equal(chosen[1], 2);
	assert_int_equal(chosen[2], 7);
	assert_int_equal(controls_pick(rate, 2, chosen, 3), 0);
	assert_int_equal(controls_pick(rate, 6, chosen, 1), 1);
	assert_int_equal(chosen[0], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_batch_is_what_two_readings_differ_in),
		cmocka_unit_test(test_a_counter_that_went_back_gives_nothing),
		cmocka_unit_test(test_each_errno_keeps_its_class),
		cmocka_unit_test(test_no_pointer_is_an_error_and_nothing_returned_is_none),
		cmocka_unit_test(test_controls_add_up),
		cmocka_unit_test(test_what_is_known_on_both_sides_happened),
		cmocka_unit_test(
			test_a_warning_of_other_code_is_counted_and_one_of_the_new_code_decides),
		cmocka_unit_test(
			test_a_process_that_the_new_code_ended_decides_unless_the_old_did_it_too),
		cmocka_unit_test(test_bytes_that_are_not_all_followed_are_not_judged),
		cmocka_unit_test(test_the_policy_counts_in_batches),
		cmocka_unit_test(test_the_worst_of_those_that_are_called_stands),
		cmocka_unit_test(test_controls_are_those_called_most_within_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* What watching costs, and how many calls are timed for it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "probe/budget.h"

/* 'calls' of 'own' nanoseconds each, all of them timed by probes that cost 100 or 40. */
static struct budget_function seen(uint64_t calls, double own)
{
	struct budget_function f = { .cost = { .timed = 100, .untimed = 40, .inside = 30 } };

	f.counts.entries = f.counts.taken = f.counts.returns = calls;
	f.counts.nanoseconds = (uint64_t)((own + f.cost.inside) * (double)calls);
	return f;
}

static void test_the_share_is_of_the_time_without_the_probes(void **state)
{
	struct budget_function f[] = { seen(1000, 1000), seen(1000, 9000) };

	(void)state;
	assert_float_equal(budget_share(f, 1), 0.1, 1e-9);
	assert_float_equal(budget_share(f, 2), 0.02, 1e-9);
}

static void test_calls_that_are_only_counted_cost_less(void **state)
{
	struct budget_function f = seen(1000, 1000);

	(void)state;
	f.counts.taken = f.counts.returns = 100;
	f.counts.nanoseconds /= 10;
	assert_float_equal(budget_share(&f, 1), (100 * 100 + 900 * 40) / 1e6, 1e-9);
}

static void test_what_was_not_measured_is_no_share(void **state)
{
	struct budget_function none = seen(0, 0), f[] = { seen(1000, 1000), seen(1000, 1000) };
	unsigned int every[2] = { 7, 7 };

	(void)state;
	assert_true(isnan(budget_share(&none, 1)));
	f[1].cost.timed = 0;
	assert_true(isnan(budget_share(f, 2)));
	budget_plan(f, 2, 1, 0.0001, every);
	assert_int_equal(every[0], 1);
	assert_int_equal(every[1], 1);
}

static void test_a_function_that_nobody_calls_changes_nothing(void **state)
{
	struct budget_function f[] = { seen(1000000, 5000), seen(0, 0) };
	unsigned int every[2];

	(void)state;
	assert_float_equal(budget_share(f, 2), 0.02, 1e-9);
	budget_plan(f, 2, 1, 0.01, every);
	assert_int_not_equal(every[0], 1);
	assert_int_equal(every[1], 1);
}

static void test_within_the_budget_every_call_is_timed(void **state)
{
	/* The short one costs a tenth of its time, and hardly anything beside the other. */
	struct budget_function f[] = { seen(100000, 1000), seen(100000, 50000) };
	unsigned int every[2];

	(void)state;
	assert_true(budget_share(f, 2) < 0.01);
	budget_plan(f, 2, 1, 0.01, every);
	assert_int_equal(every[0], 1);
	assert_int_equal(every[1], 1);
}

static void test_beyond_it_just_so_few_that_it_is_kept(void **state)
{
	struct budget_function f = seen(1000000, 5000);
	unsigned int every;

	(void)state;
	budget_plan(&f, 1, 1, 0.01, &every);
	/* 50 a call may be spent: 40 for counting, 10 of the 60 that taking its time costs more. */
	assert_int_equal(every, 6);
	f.counts.taken = f.counts.returns = f.counts.entries / every;
	f.counts.nanoseconds /= every;
	assert_true(budget_share(&f, 1) <= 0.01);
}

static void test_where_counting_is_too_much_the_rest_is_a_tenth_of_it(void **state)
{
	struct budget_function f = seen(1000000, 200);
	unsigned int every;

	(void)state;
	budget_plan(&f, 1, 1, 0.01, &every);
	assert_int_equal(every, 15); /* 60 / 15 = 4 = 40 / 10 */
}

static void test_the_judge_keeps_a_thousand_calls_a_second(void **state)
{
	struct budget_function slow = seen(900, 5000), fast = seen(30000, 5000);
	unsigned int every;

	(void)state;
	budget_plan(&slow, 1, 1, 0.01, &every);
	assert_int_equal(every, 1);
	budget_plan(&fast, 1, 10, 0.01, &every);
	assert_int_equal(every, 3);
}

static void test_a_function_shorter_than_the_probes_is_no_division_by_nothing(void **state)
{
	struct budget_function f = seen(1000000, -20);
	unsigned int every;

	(void)state;
	assert_float_equal(budget_share(&f, 1), 100, 1e-9);
	budget_plan(&f, 1, 1, 0.01, &every);
	assert_int_equal(every, 15);
}

static void test_where_the_programs_take_longer_both_costs_grow(void **state)
{
	const struct probe_cost loop = { 100, 40, 30, 50 };
	struct probe_cost there = probe_cost_where(&loop, 75);

	(void)state;
	assert_float_equal(there.timed, 125, 1e-9);
	assert_float_equal(there.untimed, 65, 1e-9);
	there = probe_cost_where(&loop, 20);
	assert_float_equal(there.timed, 100, 1e-9);
	assert_float_equal(there.untimed, 40, 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_share_is_of_the_time_without_the_probes),
		cmocka_unit_test(test_calls_that_are_only_counted_cost_less),
		cmocka_unit_test(test_what_was_not_measured_is_no_share),
		cmocka_unit_test(test_a_function_that_nobody_calls_changes_nothing),
		cmocka_unit_test(test_within_the_budget_every_call_is_timed),
		cmocka_unit_test(test_beyond_it_just_so_few_that_it_is_kept),
		cmocka_unit_test(test_where_counting_is_too_much_the_rest_is_a_tenth_of_it),
		cmocka_unit_test(test_the_judge_keeps_a_thousand_calls_a_second),
		cmocka_unit_test(test_where_the_programs_take_longer_both_costs_grow),
		cmocka_unit_test(test_a_function_shorter_than_the_probes_is_no_division_by_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

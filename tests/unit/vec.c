// SPDX-License-Identifier: GPL-2.0-or-later
/* Growing arrays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/vec.h"

static int by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void test_what_was_pushed_is_found_in_order(void **state)
{
	VEC(int) v = { 0 };
	int want = 0;

	(void)state;
	for (int i = 0; i < 10000; i++)
		assert_null(vec_push(&v, i));
	assert_int_equal(v.n, 10000);
	vec_for_each(&v, it)
		assert_int_equal(*it, want++);
	assert_int_equal(want, 10000);
	vec_free(&v);
	assert_null(v.v);
	assert_int_equal(v.n, 0);
}

static void test_an_empty_vector_is_walked_sorted_and_freed(void **state)
{
	VEC(int) v = { 0 };

	(void)state;
	vec_for_each(&v, it)
		fail();
	vec_sort(&v, by_value);
	vec_free(&v);
}

static void test_a_compound_literal_can_be_pushed(void **state)
{
	struct pair {
		int a, b;
	};
	VEC(struct pair) v = { 0 };

	(void)state;
	assert_null(vec_push(&v, (struct pair){ 1, 2 }));
	assert_int_equal(v.v[0].b, 2);
	vec_free(&v);
}

static void test_a_size_that_overflows_is_refused_and_the_content_kept(void **state)
{
	VEC(uint64_t) v = { 0 };
	struct error *e __attribute__((cleanup(error_free))) = NULL;

	(void)state;
	assert_null(vec_push(&v, 7));
	e = vec_reserve(&v, SIZE_MAX / 8 + 1);
	assert_non_null(e);
	assert_int_equal(v.v[0], 7);
	error_free(&e);
	e = vec_reserve(&v, SIZE_MAX);
	assert_non_null(e);
	assert_int_equal(v.n, 1);
	vec_free(&v);
}

static void test_sorting_orders_all(void **state)
{
	VEC(int) v = { 0 };

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_null(vec_push(&v, (i * 37) % 100));
	vec_sort(&v, by_value);
	for (int i = 0; i < 100; i++)
		assert_int_equal(v.v[i], i);
	vec_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_pushed_is_found_in_order),
		cmocka_unit_test(test_an_empty_vector_is_walked_sorted_and_freed),
		cmocka_unit_test(test_a_compound_literal_can_be_pushed),
		cmocka_unit_test(test_a_size_that_overflows_is_refused_and_the_content_kept),
		cmocka_unit_test(test_sorting_orders_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory that lives and dies together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/str.h"

static void test_what_is_allocated_is_zero_aligned_and_apart(void **state)
{
	struct arena a = { 0 };
	unsigned char *p[1000];

	(void)state;
	for (size_t i = 0; i < 1000; i++) {
		p[i] = arena_alloc(&a, i);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % 16, 0);
		for (size_t k = 0; k < i; k++)
			assert_int_equal(p[i][k], 0);
		memset(p[i], (int)(i & 0xff), i);
	}
	for (size_t i = 0; i < 1000; i++)
		for (size_t k = 0; k < i; k++)
			assert_int_equal(p[i][k], i & 0xff);
	arena_free(&a);
	assert_null(a.blocks);
}

static void test_a_piece_larger_than_a_block_fits(void **state)
{
	struct arena a = { 0 };
	char *small = arena_strdup(&a, "small"), *big = arena_alloc(&a, 1000000);

	(void)state;
	assert_non_null(big);
	memset(big, 'x', 1000000);
	assert_string_equal(small, "small");
	arena_free(&a);
}

static void test_a_product_that_overflows_is_no_memory(void **state)
{
	struct arena a = { 0 };

	(void)state;
	assert_null(arena_array(&a, SIZE_MAX / 4 + 2, 4));
	assert_null(arena_alloc(&a, SIZE_MAX));
	assert_non_null(arena_array(&a, 0, 8));
	arena_free(&a);
}

static void test_printed_and_duplicated_bytes_are_equal(void **state)
{
	struct arena a = { 0 };

	(void)state;
	assert_string_equal(arena_printf(&a, "%s+0x%x", "do_it", 16), "do_it+0x10");
	assert_memory_equal(arena_dup(&a, "a\0b", 3), "a\0b", 3);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_allocated_is_zero_aligned_and_apart),
		cmocka_unit_test(test_a_piece_larger_than_a_block_fits),
		cmocka_unit_test(test_a_product_that_overflows_is_no_memory),
		cmocka_unit_test(test_printed_and_duplicated_bytes_are_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

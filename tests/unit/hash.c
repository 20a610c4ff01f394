// SPDX-License-Identifier: GPL-2.0-or-later
/* Hash tables from strings and from numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/str.h"

static void test_every_name_finds_its_own_value(void **state)
{
	struct hash_map m = { 0 };
	char name[5000][16];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		snprintf(name[i], sizeof(name[i]), "func_%d", i);
		assert_null(hash_put(&m, name[i], (uint64_t)i));
	}
	assert_int_equal(m.n, 5000);
	for (int i = 0; i < 5000; i++) {
		char other[16];

		snprintf(other, sizeof(other), "func_%d", i);
		assert_non_null(hash_get(&m, other));
		assert_int_equal(*hash_get(&m, other), i);
	}
	assert_null(hash_get(&m, "func_5000"));
	assert_null(hash_get(&m, ""));
	hash_free(&m);
	assert_null(hash_get(&m, "func_1"));
}

static void test_putting_a_key_again_replaces_its_value(void **state)
{
	struct hash_map m = { 0 };

	(void)state;
	assert_null(hash_put(&m, "a", 1));
	assert_null(hash_put(&m, "a", 2));
	assert_int_equal(m.n, 1);
	assert_int_equal(*hash_get(&m, "a"), 2);
	hash_free(&m);
}

static void test_numbers_that_differ_in_any_bit_are_told_apart(void **state)
{
	struct hash_map m = { 0 };

	(void)state;
	assert_null(hash_put_u64(&m, 0, 1000));
	for (unsigned int i = 0; i < 64; i++)
		assert_null(hash_put_u64(&m, 1ull << i, i));
	assert_int_equal(m.n, 65);
	assert_int_equal(*hash_get_u64(&m, 0), 1000);
	for (unsigned int i = 0; i < 64; i++)
		assert_int_equal(*hash_get_u64(&m, 1ull << i), i);
	assert_null(hash_get_u64(&m, 3));
	hash_free(&m);
}

static void test_page_aligned_addresses_stay_fast(void **state)
{
	struct hash_map m = { 0 };
	size_t i, run = 0, longest = 0;

	(void)state;
	for (i = 0; i < 20000; i++)
		assert_null(hash_put_u64(&m, 0xffffffff81000000ull + i * 4096, i));
	for (i = 0; i < m.cap; i++) {
		run = m.slots[i].used ? run + 1 : 0;
		if (run > longest)
			longest = run;
	}
	assert_true(longest < 100);
	hash_free(&m);
}

static void test_the_length_is_part_of_the_hash(void **state)
{
	static const uint8_t zero[16];

	(void)state;
	assert_true(hash_bytes(zero, 7, 0) != hash_bytes(zero, 8, 0));
	assert_true(hash_bytes(zero, 8, 0) != hash_bytes(zero, 16, 0));
	assert_true(hash_bytes(zero, 8, 0) != hash_bytes(zero, 8, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_name_finds_its_own_value),
		cmocka_unit_test(test_putting_a_key_again_replaces_its_value),
		cmocka_unit_test(test_numbers_that_differ_in_any_bit_are_told_apart),
		cmocka_unit_test(test_page_aligned_addresses_stay_fast),
		cmocka_unit_test(test_the_length_is_part_of_the_hash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

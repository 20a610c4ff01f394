// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's own symbol table: every form is read, damage is noticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "image/backend.h"
#include "image/kallsyms.h"
#include "kallsyms_table.h"

#define MANY 700 /* more than two markers */

static struct table_entry entries[MANY];
static char names[MANY][300];

static void make_entries(bool percpu)
{
	for (unsigned int i = 0; i < MANY; i++) {
		snprintf(names[i], sizeof(names[i]), "%clong_symbol_%u", "tTdB"[i % 4], i);
		entries[i] = (struct table_entry){ TABLE_BASE + i * 64, names[i] };
	}
	if (percpu) {
		strcpy(names[0], "Atab_percpu");
		entries[0].address = 0;
		strcpy(names[1], "Atab_percpu_2");
		entries[1].address = 0x1f000;
	}
	/* Its length takes two bytes. */
	memset(names[300], 'x', 200);
	names[300][0] = 't';
	names[300][200] = '\0';
}

static struct error *parse(const struct table *t, size_t size, struct image *img, bool *found)
{
	/* A copy of exactly that size, so that a sanitizer sees each byte read too far. */
	uint8_t *copy = malloc(size ? size : 1);
	struct kallsyms_area area = { copy, size, TABLE_ADDRESS, TABLE_BASE,
				      TABLE_ADDRESS + 0x1000000 };
	struct error *e;

	assert_non_null(copy);
	memcpy(copy, t->bytes, size);
	e = kallsyms_parse(&area, img, found);
	free(copy);
	return e;
}

static void check_form(enum table_form form)
{
	struct image *img __cleanup_image = NULL;
	struct table *t __free = NULL;
	bool found = false;

	make_entries(form == TABLE_6_1 || form == TABLE_6_12);
	t = table_make(entries, MANY, form);
	assert_null(image_new("vmlinux", &img));
	assert_null(parse(t, t->n, img, &found));
	assert_true(found);
	assert_int_equal(img->symbols.n, MANY);
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(img->symbols.v[i].address, entries[i].address);
		assert_int_equal(img->symbols.v[i].type, names[i][0]);
		assert_string_equal(img->symbols.v[i].name, names[i] + 1);
	}
}

static void test_the_table_of_6_1_is_read(void **state)
{
	(void)state;
	check_form(TABLE_6_1);
}

static void test_the_table_of_6_12_is_read(void **state)
{
	(void)state;
	check_form(TABLE_6_12);
}

static void test_the_table_without_absolute_symbols_is_read(void **state)
{
	(void)state;
	check_form(TABLE_6_15);
}

static void test_the_table_with_offsets_from_their_own_place_is_read(void **state)
{
	(void)state;
	check_form(TABLE_7);
}

static void test_the_table_aligned_to_4_is_read(void **state)
{
	(void)state;
	check_form(TABLE_7_2);
}

static void test_bytes_without_a_table_have_none(void **state)
{
	struct image *img __cleanup_image = NULL;
	struct table *t __free = calloc(1, sizeof(*t));
	bool found = true;

	(void)state;
	assert_non_null(t);
	for (size_t i = 0; i < sizeof(t->bytes); i++)
		t->bytes[i] = (uint8_t)(i * 2654435761u >> 13);
	assert_null(image_new("vmlinux", &img));
	assert_null(parse(t, sizeof(t->bytes), img, &found));
	assert_false(found);
	assert_int_equal(img->symbols.n, 0);
}

static void test_a_table_that_is_cut_off_anywhere_is_not_believed(void **state)
{
	struct table *t __free = NULL;

	(void)state;
	make_entries(true);
	t = table_make(entries, MANY, TABLE_6_1);
	for (size_t size = 0; size < t->token_index + 512; size += 40) {
		struct image *img __cleanup_image = NULL;
		struct error *e __cleanup_error = NULL;
		bool found = false;

		assert_null(image_new("vmlinux", &img));
		e = parse(t, size, img, &found);
		assert_true(e || !found);
		assert_int_equal(img->symbols.n, 0);
	}
}

static void test_addresses_that_do_not_grow_are_refused(void **state)
{
	struct image *img __cleanup_image = NULL;
	struct error *e __cleanup_error = NULL;
	struct table *t __free = NULL;
	bool found = false;

	(void)state;
	make_entries(true);
	entries[400].address = TABLE_BASE;
	t = table_make(entries, MANY, TABLE_6_1);
	assert_null(image_new("vmlinux", &img));
	e = parse(t, t->n, img, &found);
	assert_non_null(e);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
	assert_int_equal(img->symbols.n, 0);
}

static void test_markers_that_disagree_with_the_names_are_not_believed(void **state)
{
	struct image *img __cleanup_image = NULL;
	struct table *t __free = NULL;
	bool found = true;

	(void)state;
	make_entries(true);
	t = table_make(entries, MANY, TABLE_6_1);
	t->bytes[t->markers + 4]++;
	assert_null(image_new("vmlinux", &img));
	assert_null(parse(t, t->n, img, &found));
	assert_false(found);
}

static void test_a_name_with_an_impossible_type_is_not_believed(void **state)
{
	struct image *img __cleanup_image = NULL;
	struct table *t __free = NULL;
	bool found = true;

	(void)state;
	make_entries(true);
	strcpy(names[500], "*what");
	t = table_make(entries, MANY, TABLE_6_1);
	assert_null(image_new("vmlinux", &img));
	assert_null(parse(t, t->n, img, &found));
	assert_false(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_table_of_6_1_is_read),
		cmocka_unit_test(test_the_table_of_6_12_is_read),
		cmocka_unit_test(test_the_table_without_absolute_symbols_is_read),
		cmocka_unit_test(test_the_table_with_offsets_from_their_own_place_is_read),
		cmocka_unit_test(test_the_table_aligned_to_4_is_read),
		cmocka_unit_test(test_bytes_without_a_table_have_none),
		cmocka_unit_test(test_a_table_that_is_cut_off_anywhere_is_not_believed),
		cmocka_unit_test(test_addresses_that_do_not_grow_are_refused),
		cmocka_unit_test(test_markers_that_disagree_with_the_names_are_not_believed),
		cmocka_unit_test(test_a_name_with_an_impossible_type_is_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

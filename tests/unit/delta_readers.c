// SPDX-License-Identifier: GPL-2.0-or-later
/* Changed constants: a copy for the new code where nobody can tell the difference. */
#include "delta_pair.h"

#define TABLE(n) "static const int table[] = { 1, " #n ", 3, 4, 5, 6, 7 };\nint g(int);\n"
#define READER "int f(int i) { return g(table[i]); }\n"

/* The table is not copied, for this reason; a person may still accept that. */
static void expect_kept(const struct delta *d, const char *why)
{
	bool found = false;

	vec_for_each(&d->findings, f)
		if (str_equal(f->code, "changed-data") && str_equal(f->where, "table"))
			found = strstr(f->what, why) && f->left;
	if (!found)
		show_delta(d);
	assert_true(found);
	assert_null(item_named(d, "table"));
}

static void test_a_constant_read_by_value_is_copied_with_its_readers(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	const struct delta_item *table;

	(void)state;
	pair_make(&p, TABLE(2) READER "int h(int i) { return g(table[i + 1]) + 1; }\n",
		  TABLE(9) READER "int h(int i) { return g(table[i + 1]) + 1; }\n");
	assert_int_equal(p.delta->findings.n, 0);
	assert_int_equal(count_kind(p.delta, DELTA_CHANGED_FUNCTION), 2);
	assert_string_equal(item_named(p.delta, "f")->reason, "reads table, whose value changed");
	table = item_named(p.delta, "table");
	assert_non_null(table);
	assert_int_equal(table->kind, DELTA_COPIED_DATA);
	ok(delta_extract(p.delta, &x));
	assert_null(outside_named(x, "table"));
	assert_int_equal(object_symbol(x->object, "table")->section->bytes[4], 9);
	assert_int_equal(x->replacements.n, 2);
}

static void test_a_table_that_grew_is_copied_too(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p,
		  "static const long table[] = { 1, 2, 3 }; long g(long);\n"
		  "long f(unsigned int i) { return g(table[i]); }\n",
		  "static const long table[] = { 1, 2, 3, 4 }; long g(long);\n"
		  "long f(unsigned int i) { return g(table[i]); }\n");
	assert_int_equal(p.delta->findings.n, 0);
	ok(delta_extract(p.delta, &x));
	assert_int_equal(object_symbol(x->object, "table")->size, 32);
}

static void test_what_a_copied_table_points_to_comes_along(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(
		&p,
		"static const char *const names[] = { \"a\", \"b\", \"c\" }; int g(const char *);\n"
		"int f(int i) { return g(names[i]); }\n",
		"static const char *const names[] = { \"a\", \"x\", \"c\" }; int g(const char *);\n"
		"int f(int i) { return g(names[i]); }\n");
	assert_int_equal(p.delta->findings.n, 0);
	ok(delta_extract(p.delta, &x));
	assert_int_equal(object_symbol(x->object, "names")->section->relocs.n, 3);
}

/* g() may keep the address, and compare with it later. */
static void test_a_constant_whose_address_is_handed_on_is_kept(void **state)
{
#define HANDS "int k(const int *); int f(int i) { return k(table) + table[i]; }\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, TABLE(2) HANDS, TABLE(9) HANDS);
	expect_kept(p.delta, "f() uses its address");
}

static void test_a_constant_of_which_a_part_is_handed_on_is_kept(void **state)
{
#define PART "int k(const int *); int f(long i) { return k(&table[i]); }\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, TABLE(2) PART, TABLE(9) PART);
	expect_kept(p.delta, "f() uses its address");
}

static void test_a_constant_whose_address_is_stored_is_kept(void **state)
{
#define STORES "const int *last; int f(int i) { last = &table[1]; return table[i]; }\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, TABLE(2) STORES, TABLE(9) STORES);
	expect_kept(p.delta, "f() uses its address");
}

static void test_a_constant_that_data_points_to_is_kept(void **state)
{
#define POINTED READER "const int *const user = table;\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, TABLE(2) POINTED, TABLE(9) POINTED);
	expect_kept(p.delta, "user refers to it");
}

/* The pointer is only in the old build: running data has it. */
static void test_a_constant_that_data_pointed_to_is_kept(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, TABLE(2) POINTED, TABLE(9) READER "const int *const user = 0;\n");
	expect_kept(p.delta, "user refers to it");
}

static void test_a_global_constant_is_kept(void **state)
{
#define GLOBAL(n) "const int table[] = { 1, " #n ", 3, 4, 5 };\nint g(int);\n" READER
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, GLOBAL(2), GLOBAL(9));
	expect_kept(p.delta, "other objects may refer to it");
}

static void test_a_variable_is_not_copied(void **state)
{
#define VARIABLE(n)                                                          \
	"static int table[] = { 1, " #n ", 3, 4, 5 };\nint g(int);\n" READER \
	"void set(int i) { table[i] = 0; }\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, VARIABLE(2), VARIABLE(9));
	expect_finding(p.delta, "changed-data", "table");
	assert_null(item_named(p.delta, "table"));
}

/* What it did with the old value stays done. */
static void test_a_constant_that_init_code_reads_is_kept(void **state)
{
#define INIT \
	READER "__attribute__((section(\".init.text\"))) int h(int i) { return g(table[i]); }\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, TABLE(2) INIT, TABLE(9) INIT);
	expect_kept(p.delta, "h refers to it");
}

static void test_a_reader_that_cannot_be_redirected_is_refused(void **state)
{
#define DEAF "__attribute__((no_instrument_function)) int f(int i) { return g(table[i]); }\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, TABLE(2) DEAF, TABLE(9) DEAF);
	expect_finding(p.delta, "no-fentry", "f");
	assert_non_null(strstr(finding(p.delta, "no-fentry")->what, "reads table"));
}

/* No compiler makes such an object. */
static void test_code_without_content_reads_nothing_by_value(void **state)
{
	struct pair p __cleanup_pair = { 0 };
	struct object *both[2];

	(void)state;
	pair_compile(&p, TABLE(2) READER, TABLE(9) READER);
	both[0] = p.before;
	both[1] = p.after;
	for (size_t i = 0; i < 2; i++) {
		struct section *s = object_section(both[i], ".text.f");

		s->type = SHT_NOBITS;
		s->bytes = NULL;
	}
	ok(delta_compute(p.before, p.after, &p.delta));
	expect_kept(p.delta, "f() uses its address");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_constant_read_by_value_is_copied_with_its_readers),
		cmocka_unit_test(test_a_table_that_grew_is_copied_too),
		cmocka_unit_test(test_what_a_copied_table_points_to_comes_along),
		cmocka_unit_test(test_a_constant_whose_address_is_handed_on_is_kept),
		cmocka_unit_test(test_a_constant_of_which_a_part_is_handed_on_is_kept),
		cmocka_unit_test(test_a_constant_whose_address_is_stored_is_kept),
		cmocka_unit_test(test_a_constant_that_data_points_to_is_kept),
		cmocka_unit_test(test_a_constant_that_data_pointed_to_is_kept),
		cmocka_unit_test(test_a_global_constant_is_kept),
		cmocka_unit_test(test_a_variable_is_not_copied),
		cmocka_unit_test(test_a_constant_that_init_code_reads_is_kept),
		cmocka_unit_test(test_a_reader_that_cannot_be_redirected_is_refused),
		cmocka_unit_test(test_code_without_content_reads_nothing_by_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

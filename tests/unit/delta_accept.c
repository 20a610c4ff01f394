// SPDX-License-Identifier: GPL-2.0-or-later
/* Findings that a person takes as they are. */
#include "delta_pair.h"

#define USER(n) "int g(int);\nint f(void) { return g(" #n "); }\n"

static void test_an_accepted_finding_no_longer_stands(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	size_t n = 0;

	(void)state;
	pair_make(&p, USER(5) "int limit = 1;\n", USER(6) "int limit = 2;\n");
	assert_int_equal(delta_refused(p.delta), 1);
	ok(delta_accept(p.delta, "changed-data:limit", "it is a default only", &n));
	assert_int_equal(n, 1);
	assert_int_equal(delta_refused(p.delta), 0);
	assert_string_equal(p.delta->findings.v[0].accepted, "it is a default only");
	ok(delta_extract(p.delta, &x));
	assert_int_equal(x->replacements.n, 1);
}

/* The new code goes on using the running variable. */
static void test_an_accepted_variable_is_not_copied(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	size_t n = 0;

	(void)state;
	pair_make(&p, "int g(int); int limit = 1; int f(void) { return g(1) + limit; }\n",
		  "int g(int); int limit = 2; int f(void) { return g(2) + limit; }\n");
	ok(delta_accept(p.delta, "changed-data:limit", "why not", &n));
	ok(delta_extract(p.delta, &x));
	assert_non_null(outside_named(x, "limit"));
}

static void test_what_is_not_found_is_not_accepted(void **state)
{
	struct pair p __cleanup_pair = { 0 };
	size_t n = 7;

	(void)state;
	pair_make(&p, "int limit = 1;\n", "int limit = 2;\n");
	ok(delta_accept(p.delta, "changed-data:limi", "why not", &n));
	assert_int_equal(n, 0);
	ok(delta_accept(p.delta, "changed-data", "why not", &n));
	assert_int_equal(n, 0);
	ok(delta_accept(p.delta, "init-data:limit", "why not", &n));
	assert_int_equal(n, 0);
	assert_int_equal(delta_refused(p.delta), 1);
}

static void test_what_would_not_work_cannot_be_accepted(void **state)
{
	struct pair p __cleanup_pair = { 0 };
	struct error *e;
	size_t n = 0;

	(void)state;
	pair_make(&p,
		  "int g(int);\n__attribute__((no_instrument_function)) int f(void)\n"
		  "{ return g(1); }\n",
		  "int g(int);\n__attribute__((no_instrument_function)) int f(void)\n"
		  "{ return g(2); }\n");
	e = delta_accept(p.delta, "no-fentry:f", "why not", &n);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
	expect_error(e, "can't be accepted");
	assert_int_equal(delta_refused(p.delta), 1);
}

/* New code would write behind the end of the old one. */
static void test_a_variable_that_grew_cannot_be_accepted(void **state)
{
	struct pair p __cleanup_pair = { 0 };
	size_t n = 0;

	(void)state;
	pair_make(&p, "int room[4];\n", "int room[5];\n");
	expect_error(delta_accept(p.delta, "changed-data:room", "why not", &n), "beyond the end");
}

static void test_a_variable_that_shrank_can_be_accepted(void **state)
{
	struct pair p __cleanup_pair = { 0 };
	size_t n = 0;

	(void)state;
	pair_make(&p, "int room[5];\n", "int room[4];\n");
	ok(delta_accept(p.delta, "changed-data:room", "why not", &n));
	assert_int_equal(n, 1);
}

static void test_a_constant_that_became_writable_cannot_be_accepted(void **state)
{
	struct pair p __cleanup_pair = { 0 };
	size_t n = 0;

	(void)state;
	pair_make(&p, "const int limit = 3;\n", "int limit = 3;\n");
	expect_error(delta_accept(p.delta, "changed-data:limit", "why not", &n),
		     "can't be written");
}

static void test_the_report_tells_who_accepted_and_what_is_left(void **state)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct pair p __cleanup_pair = { 0 };
	size_t n = 0;

	(void)state;
	pair_make(&p, USER(5) "int limit = 1;\n", USER(6) "int limit = 2;\n");
	ok(delta_accept(p.delta, "changed-data:limit", "it is a default only", &n));
	ok(delta_print(p.delta, &text));
	assert_non_null(strstr(strbuf_str(&text), "accepted changed-data"));
	assert_non_null(strstr(strbuf_str(&text), "it is a default only"));
	assert_non_null(strstr(strbuf_str(&text), "keeps its value"));
	assert_null(strstr(strbuf_str(&text), "can't be made live"));
}

/* Places in a table that changed tell nothing: the entry of that name is meant, or none. */
static void test_an_entry_of_a_changed_table_is_found_by_its_name(void **state)
{
#define ENTRY(name, n) "__attribute__((section(\"__param\"), used)) const int " name " = " #n ";\n"
	struct pair p __cleanup_pair = { 0 };
	const struct symbol *b;

	(void)state;
	pair_make(&p, USER(5) ENTRY("a", 1) ENTRY("b", 2),
		  USER(6) ENTRY("c", 3) ENTRY("a", 1) ENTRY("b", 2) ENTRY("d", 4));
	b = object_symbol(p.after, "b");
	assert_string_equal(delta_old_symbol(p.delta, b)->name, "b");
	assert_null(delta_old_symbol(p.delta, object_symbol(p.after, "c")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_accepted_finding_no_longer_stands),
		cmocka_unit_test(test_an_accepted_variable_is_not_copied),
		cmocka_unit_test(test_what_is_not_found_is_not_accepted),
		cmocka_unit_test(test_what_would_not_work_cannot_be_accepted),
		cmocka_unit_test(test_a_variable_that_grew_cannot_be_accepted),
		cmocka_unit_test(test_a_variable_that_shrank_can_be_accepted),
		cmocka_unit_test(test_a_constant_that_became_writable_cannot_be_accepted),
		cmocka_unit_test(test_the_report_tells_who_accepted_and_what_is_left),
		cmocka_unit_test(test_an_entry_of_a_changed_table_is_found_by_its_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

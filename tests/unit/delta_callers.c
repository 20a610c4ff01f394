// SPDX-License-Identifier: GPL-2.0-or-later
/* What ftrace can't redirect is redirected where it is called, if that is all who call it. */
#include "delta_pair.h"

#define DEAF "__attribute__((no_instrument_function)) "
#define INNER(n)                                                                \
	"int g(int);\nstatic " DEAF "__attribute__((noinline)) int in(int i)\n" \
	"{ return g(i + " #n "); }\n"

static void expect_refused(const struct delta *d, const char *where, const char *why)
{
	expect_finding(d, "no-fentry", where);
	if (!strstr(finding(d, "no-fentry")->what, why))
		show_delta(d);
	assert_non_null(strstr(finding(d, "no-fentry")->what, why));
	assert_null(finding(d, "no-fentry")->left);
}

static void test_the_callers_of_an_unredirectable_function_are_redirected(void **state)
{
#define CALLERS                                                                    \
	"int f(int i) { return in(i) + 1; }\nint h(int i) { return in(i) + 2; }\n" \
	"int other(int i) { return g(i) + 3; }\n"
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	const struct section *f;

	(void)state;
	pair_make(&p, INNER(1) CALLERS, INNER(2) CALLERS);
	assert_int_equal(p.delta->findings.n, 0);
	assert_int_equal(count_kind(p.delta, DELTA_CHANGED_FUNCTION), 2);
	assert_int_equal(item_named(p.delta, "in")->kind, DELTA_COPIED_FUNCTION);
	assert_non_null(strstr(item_named(p.delta, "f")->reason, "calls in()"));
	assert_null(item_named(p.delta, "other"));
	ok(delta_extract(p.delta, &x));
	assert_int_equal(x->replacements.n, 2);
	assert_null(outside_named(x, "in"));
	f = object_symbol(x->object, "f")->section;
	assert_non_null(reloc_naming(f, object_symbol(x->object, "in")));
}

static void test_callers_of_callers_are_followed(void **state)
{
#define CHAIN                                                                             \
	"static " DEAF "__attribute__((noinline)) int mid(int i) { return in(i) + 1; }\n" \
	"int f(int i) { return mid(i) + 1; }\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, INNER(1) CHAIN, INNER(2) CHAIN);
	expect_changed(p.delta, "f");
	assert_int_equal(item_named(p.delta, "mid")->kind, DELTA_COPIED_FUNCTION);
	assert_int_equal(item_named(p.delta, "in")->kind, DELTA_COPIED_FUNCTION);
}

static void test_functions_that_call_one_another_are_followed_once(void **state)
{
#define RING(n)                                                                                    \
	"int g(int);\nstatic int b(int);\n"                                                        \
	"static " DEAF "__attribute__((noinline)) int a(int i) { return i ? b(i - 1) + " #n        \
	" : 0; }\n"                                                                                \
	"static " DEAF "__attribute__((noinline)) int b(int i) { return i ? a(i - 2) + 7 : 1; }\n" \
	"int f(int i) { return g(b(i)); }\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, RING(1), RING(2));
	assert_int_equal(p.delta->findings.n, 0);
	assert_non_null(item_named(p.delta, "f"));
}

static void test_a_function_that_other_objects_may_call_is_refused(void **state)
{
#define GLOBAL(n)                                                        \
	"int g(int);\n" DEAF "__attribute__((noinline)) int in(int i)\n" \
	"{ return g(i + " #n "); }\nint f(int i) { return in(i) + 1; }\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, GLOBAL(1), GLOBAL(2));
	expect_refused(p.delta, "in", "other objects may call it");
}

static void test_an_object_without_any_site_is_told_so(void **state)
{
#define LIB(n) "int g(int);\n" DEAF "int f(int i) { return g(i + " #n "); }\n"
	struct pair p __cleanup_pair = { 0 }, q __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, LIB(1), LIB(2));
	expect_refused(p.delta, "f", "the whole object is compiled without ftrace sites");
	pair_make(&q, LIB(1) "int h(int i) { return g(i); }\n",
		  LIB(2) "int h(int i) { return g(i); }\n");
	expect_refused(q.delta, "f", "it has no ftrace site");
}

static void test_a_function_whose_address_is_taken_is_refused(void **state)
{
#define TAKEN "int f(int i) { return in(i) + 1; }\nint (*op)(int) = in;\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, INNER(1) TAKEN, INNER(2) TAKEN);
	expect_refused(p.delta, "in", "op refers to it");
}

static void test_a_function_handed_on_by_a_caller_is_refused(void **state)
{
#define HANDED "int k(int (*)(int)); int f(int i) { return k(in) + in(i); }\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, INNER(1) HANDED, INNER(2) HANDED);
	expect_refused(p.delta, "in", "f() takes its address");
}

/* Only the old build has the pointer, but running memory keeps it. */
static void test_a_function_whose_address_was_taken_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, INNER(1) HANDED,
		  INNER(2) "int k(int (*)(int));\n"
			   "int f(int i) { return k(0) + in(i); }\n");
	expect_refused(p.delta, "in", "f() takes its address");
}

static void test_a_caller_that_cannot_be_redirected_is_named(void **state)
{
#define TOP DEAF "int f(int i) { return in(i) + 1; }\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, INNER(1) TOP, INNER(2) TOP);
	expect_refused(p.delta, "in", "its caller f() can't be redirected either");
}

static void test_init_code_that_may_yet_run_is_a_caller(void **state)
{
#define INIT                                   \
	"int f(int i) { return in(i) + 1; }\n" \
	"__attribute__((section(\".init.text\"))) int h(int i) { return in(i) + 2; }\n"
	struct pair p __cleanup_pair = { 0 }, q __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, INNER(1) INIT, INNER(2) INIT);
	expect_refused(p.delta, "in", "h refers to it");
	pair_compile(&q, INNER(1) INIT, INNER(2) INIT);
	ok(delta_compute_as(q.before, q.after, &(struct delta_options){ .builtin = true },
			    &q.delta));
	expect_changed(q.delta, "f");
}

static void test_what_only_init_code_called_is_told_and_left_out(void **state)
{
#define ONLY "__attribute__((section(\".init.text\"))) int h(int i) { return in(i) + 2; }\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_compile(&p, INNER(1) ONLY, INNER(2) ONLY);
	ok(delta_compute_as(p.before, p.after, &(struct delta_options){ .builtin = true },
			    &p.delta));
	expect_nothing(p.delta);
	assert_int_equal(p.delta->notes.n, 1);
	assert_non_null(strstr(p.delta->notes.v[0], "nothing that still runs calls it"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_callers_of_an_unredirectable_function_are_redirected),
		cmocka_unit_test(test_callers_of_callers_are_followed),
		cmocka_unit_test(test_functions_that_call_one_another_are_followed_once),
		cmocka_unit_test(test_a_function_that_other_objects_may_call_is_refused),
		cmocka_unit_test(test_an_object_without_any_site_is_told_so),
		cmocka_unit_test(test_a_function_whose_address_is_taken_is_refused),
		cmocka_unit_test(test_a_function_handed_on_by_a_caller_is_refused),
		cmocka_unit_test(test_a_function_whose_address_was_taken_is_refused),
		cmocka_unit_test(test_a_caller_that_cannot_be_redirected_is_named),
		cmocka_unit_test(test_init_code_that_may_yet_run_is_a_caller),
		cmocka_unit_test(test_what_only_init_code_called_is_told_and_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

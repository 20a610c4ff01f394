// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kinds of code and data that a kernel has more of than a program: each either done soundly, or
 * refused by name. (Init and exit code, weak and aliased functions: delta_refuse.c; notrace:
 * delta_callers.c; vDSO, real mode, boot code, assembly files: touched.c.)
 */
#include "delta_pair.h"

#define IN(section, n)                                                         \
	"int g(int);\n__attribute__((section(\"" section "\"))) int f(void)\n" \
	"{ return g(" #n "); }\nint other(void) { return g(9); }\n"
#define BOTH(section)                          \
	{                                      \
		IN(section, 1), IN(section, 2) \
	}

static void test_a_function_in_a_section_of_its_own_is_redirected_by_its_site(void **state)
{
	static const char *const texts[][2] = {
		BOTH(".sched.text"),	BOTH(".ref.text"),	BOTH(".cpuidle.text"),
		BOTH(".spinlock.text"), BOTH(".irqentry.text"), BOTH(".softirqentry.text"),
		BOTH(".kprobes.text"),	BOTH(".text.unlikely"), BOTH(".text..refcount"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct pair p __cleanup_pair = { 0 };

		pair_make(&p, texts[i][0], texts[i][1]);
		expect_changed(p.delta, "f");
	}
}

static void test_noinstr_and_entry_code_without_a_site_is_refused(void **state)
{
#define BARE(section, n)                                         \
	"int g(int);\n__attribute__((section(\"" section "\"), " \
	"no_instrument_function)) int f(void) { return g(" #n "); }\n"
	static const char *const texts[][2] = {
		{ BARE(".noinstr.text", 1), BARE(".noinstr.text", 2) },
		{ BARE(".entry.text", 1), BARE(".entry.text", 2) },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct pair p __cleanup_pair = { 0 };

		pair_make(&p, texts[i][0], texts[i][1]);
		expect_finding(p.delta, "no-fentry", "f");
	}
}

static void test_the_first_code_of_the_kernel_has_run(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, IN(".head.text", 1), IN(".head.text", 2));
	expect_finding(p.delta, "init-code", "f");
}

static void test_a_new_init_function_is_refused(void **state)
{
#define F "int g(int); int f(void) { return g(1); }\n"
#define CALL                                                                              \
	"extern int (*const start)(void);\n__attribute__((section(\".initcall6.init\"), " \
	"used)) int (*const start)(void) = f;\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, F, F CALL);
	assert_non_null(finding(p.delta, "init-data"));
	assert_non_null(strstr(finding(p.delta, "init-data")->what, "list of init functions"));
}

static void test_a_variable_in_a_section_of_its_own_keeps_its_value(void **state)
{
#define VAR(section, n) "__attribute__((section(\"" section "\"))) int limit = " #n ";\n"
#define BOTH_VAR(section)                        \
	{                                        \
		VAR(section, 1), VAR(section, 2) \
	}
	static const char *const texts[][2] = {
		BOTH_VAR(".data..read_mostly"),
		BOTH_VAR(".data..ro_after_init"),
		BOTH_VAR(".data..percpu"),
		BOTH_VAR(".data..cacheline_aligned"),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct pair p __cleanup_pair = { 0 };

		pair_make(&p, texts[i][0], texts[i][1]);
		expect_finding(p.delta, "changed-data", "limit");
		assert_non_null(finding(p.delta, "changed-data")->left);
	}
}

static void test_a_per_cpu_variable_that_grew_is_refused(void **state)
{
#define PERCPU(n) "__attribute__((section(\".data..percpu\"))) int room[" #n "] = { 1 };\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, PERCPU(2), PERCPU(3));
	expect_finding(p.delta, "per-cpu", "room");
	assert_null(finding(p.delta, "per-cpu")->left);
}

static void test_a_variable_of_zeroes_that_grew_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "int room[4];\n", "int room[8];\n");
	expect_finding(p.delta, "changed-data", "room");
	assert_null(finding(p.delta, "changed-data")->left);
}

static void test_what_is_done_once_has_a_flag_of_its_own(void **state)
{
#define ONCE(n)                                                                          \
	"int g(int);\nint f(void) { static __attribute__((section(\".data.once\"))) "    \
	"_Bool __already_done; if (!__already_done) { __already_done = 1; g(" #n "); } " \
	"return 0; }\n"
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, ONCE(1), ONCE(2));
	expect_changed(p.delta, "f");
	ok(delta_extract(p.delta, &x));
	assert_non_null(object_section(x->object, ".data.once"));
}

#define SMALL(how, n)                                                              \
	"int g(int);\nstatic " how " int small(int i) { return g(i + " #n "); }\n" \
	"int a(int i) { return small(i) + 1; }\nint b(int i) { return small(i) + 2; }\n"
#define APART "__attribute__((noinline))"
#define INLINE "inline __attribute__((always_inline))"

/* It has no code of its own any more: what it was inlined into is what changed. */
static void test_a_function_that_is_inlined_away_is_part_of_its_callers(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, SMALL(APART, 1), SMALL(INLINE, 1));
	assert_int_equal(p.delta->findings.n, 0);
	assert_int_equal(count_kind(p.delta, DELTA_CHANGED_FUNCTION), 2);
	assert_null(item_named(p.delta, "small"));
}

static void test_a_function_that_is_no_longer_inlined_comes_along(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, SMALL(INLINE, 1), SMALL(APART, 1));
	assert_int_equal(p.delta->findings.n, 0);
	assert_int_equal(count_kind(p.delta, DELTA_CHANGED_FUNCTION), 2);
	assert_int_equal(item_named(p.delta, "small")->kind, DELTA_NEW_FUNCTION);
}

static void test_a_function_that_is_optimised_out_leaves_its_callers_changed(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, SMALL(APART, 1),
		  "int g(int);\nint a(int i) { return i + 1; }\nint b(int i) { return i + 2; }\n");
	assert_int_equal(p.delta->findings.n, 0);
	assert_int_equal(count_kind(p.delta, DELTA_CHANGED_FUNCTION), 2);
}

/* A clone drops a parameter: whoever called the old one is changed with it. */
static void test_a_clone_with_other_parameters_is_not_called_by_old_code(void **state)
{
#define CLONE(body)                                                                     \
	"int g(int);\nstatic __attribute__((noinline)) int part(int i, int k, int l)\n" \
	"{ " body " }\nint a(int i) { return part(i, 5, i + 1) + 1; }\n"                \
	"int b(int i) { return part(i, 5, i + 2) + 2; }\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, CLONE("return g(i + k) + g(l);"), CLONE("return g(i + k);"));
	assert_int_equal(p.delta->findings.n, 0);
	assert_non_null(item_named(p.delta, "a"));
	assert_non_null(item_named(p.delta, "b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_function_in_a_section_of_its_own_is_redirected_by_its_site),
		cmocka_unit_test(test_noinstr_and_entry_code_without_a_site_is_refused),
		cmocka_unit_test(test_the_first_code_of_the_kernel_has_run),
		cmocka_unit_test(test_a_new_init_function_is_refused),
		cmocka_unit_test(test_a_variable_in_a_section_of_its_own_keeps_its_value),
		cmocka_unit_test(test_a_per_cpu_variable_that_grew_is_refused),
		cmocka_unit_test(test_a_variable_of_zeroes_that_grew_is_refused),
		cmocka_unit_test(test_what_is_done_once_has_a_flag_of_its_own),
		cmocka_unit_test(test_a_function_that_is_inlined_away_is_part_of_its_callers),
		cmocka_unit_test(test_a_function_that_is_no_longer_inlined_comes_along),
		cmocka_unit_test(test_a_function_that_is_optimised_out_leaves_its_callers_changed),
		cmocka_unit_test(test_a_clone_with_other_parameters_is_not_called_by_old_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

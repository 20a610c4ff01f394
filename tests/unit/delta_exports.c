// SPDX-License-Identifier: GPL-2.0-or-later
/* Exports that come, go or change stay as they are in what runs: told, and left out. */
#include "delta_pair.h"

#define USER "int g(int);\nint f(void) { return g(5); }\n"
#define CHANGED_USER "int g(int);\nint f(void) { return g(6); }\n"

/* As up to 6.3. */
#define EXPORT_AS(list, sym, space)                                                                \
	"asm(\".section \\\"" list "+" sym "\\\",\\\"a\\\"\\n__ksymtab_" sym ":\\n"                \
	".long " sym "-.\\n.long __kstrtab_" sym "-.\\n.long __kstrtabns_" sym "-.\\n.previous\\n" \
	".section \\\"__ksymtab_strings\\\",\\\"aMS\\\",%progbits,1\\n__kstrtab_" sym              \
	": .asciz \\\"" sym "\\\"\\n__kstrtabns_" sym ": .asciz \\\"" space                        \
	"\\\"\\n.previous\");\n"
#define EXPORT(sym) EXPORT_AS("___ksymtab", sym, "")
/* As since 6.4. */
#define EXPORT_LABEL(sym, licence)                                                \
	"asm(\".section \\\".export_symbol\\\",\\\"a\\\"\\n__export_symbol_" sym  \
	": .asciz \\\"" licence "\\\"\\n.asciz \\\"\\\"\\n.balign 8\\n.quad " sym \
	"\\n.previous\");\n"

static bool noted(const struct delta *d, const char *words)
{
	vec_for_each(&d->notes, note)
		if (strstr(*note, words))
			return true;
	return false;
}

/* Nothing of them in the object that is linked into the patch. */
static void expect_no_export(const struct delta *d)
{
	struct extraction *x __cleanup_extraction = NULL;

	ok(delta_extract(d, &x));
	vec_for_each(&x->object->sections, it) {
		assert_null(strstr((*it)->name, "ksymtab"));
		assert_null(strstr((*it)->name, "export_symbol"));
	}
}

static void test_a_new_export_is_left_out_and_told(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, USER, CHANGED_USER EXPORT("f"));
	expect_changed(p.delta, "f");
	assert_true(noted(p.delta, "f is newly exported"));
	expect_no_export(p.delta);
}

static void test_an_export_alone_is_no_change(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, USER, USER EXPORT("f"));
	expect_nothing(p.delta);
	assert_true(noted(p.delta, "f is newly exported"));
}

static void test_a_removed_export_is_told(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, USER EXPORT("f"), CHANGED_USER);
	expect_changed(p.delta, "f");
	assert_true(noted(p.delta, "f is no longer exported"));
}

static void test_other_terms_of_an_export_are_told(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, USER EXPORT("f"), CHANGED_USER EXPORT_AS("___ksymtab_gpl", "f", "INNER"));
	expect_changed(p.delta, "f");
	assert_true(noted(p.delta, "GPL only"));
	assert_true(noted(p.delta, "\"INNER\""));
}

static void test_an_export_that_stays_is_not_told(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, USER EXPORT("f"), CHANGED_USER EXPORT("f"));
	expect_changed(p.delta, "f");
	assert_int_equal(p.delta->notes.n, 0);
	expect_no_export(p.delta);
}

static void test_the_list_of_newer_kernels_is_understood(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, USER EXPORT_LABEL("f", ""),
		  CHANGED_USER EXPORT_LABEL("f", "GPL") EXPORT_LABEL("g", ""));
	expect_changed(p.delta, "f");
	assert_true(noted(p.delta, "GPL only"));
	assert_true(noted(p.delta, "g is newly exported"));
	assert_int_equal(p.delta->notes.n, 2);
	expect_no_export(p.delta);
}

#define TAKES(type, n) \
	"int g(long);\nstruct s;\nint f(" type " a) { return g((long)a + " #n "); }\n"

static void test_an_exported_function_that_takes_something_else_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 }, q __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, TAKES("int", 1) EXPORT("f"), TAKES("long", 2) EXPORT("f"));
	expect_finding(p.delta, "changed-prototype", "f");
	assert_non_null(finding(p.delta, "changed-prototype")->file);
	/* Who may call it is part of the same kernel. */
	pair_make(&q, TAKES("int", 1), TAKES("long", 2));
	expect_changed(q.delta, "f");
}

static void test_an_exported_function_that_returns_nothing_now_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "int g(int);\nint f(int a) { return g(a) + 1; }\n" EXPORT("f"),
		  "int g(int);\nvoid f(int a) { g(a + 1); }\n" EXPORT("f"));
	expect_finding(p.delta, "changed-prototype", "f");
}

static void test_the_name_of_a_parameter_does_not_matter(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "struct s; int g(void *);\nint f(struct s *a) { return g(a); }\n" EXPORT("f"),
		  "struct s { int i; }; int g(void *);\n"
		  "int f(struct s *b) { return g(&b->i) + 1; }\n" EXPORT("f"));
	expect_changed(p.delta, "f");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_new_export_is_left_out_and_told),
		cmocka_unit_test(test_an_export_alone_is_no_change),
		cmocka_unit_test(test_a_removed_export_is_told),
		cmocka_unit_test(test_other_terms_of_an_export_are_told),
		cmocka_unit_test(test_an_export_that_stays_is_not_told),
		cmocka_unit_test(test_the_list_of_newer_kernels_is_understood),
		cmocka_unit_test(test_an_exported_function_that_takes_something_else_is_refused),
		cmocka_unit_test(test_an_exported_function_that_returns_nothing_now_is_refused),
		cmocka_unit_test(test_the_name_of_a_parameter_does_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

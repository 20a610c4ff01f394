// SPDX-License-Identifier: GPL-2.0-or-later
/* What can't be made live is refused, by name. */
#include "delta_pair.h"

#define USER "int g(int);\nint f(void) { return g(5); }\n"
#define CHANGED_USER "int g(int);\nint f(void) { return g(6); }\n"

static void test_an_init_function_that_changed_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };
	struct error *e;

	(void)state;
	pair_make(&p,
		  "int g(int);\n__attribute__((section(\".init.text\"))) int setup(void)\n"
		  "{ return g(1); }\n",
		  "int g(int);\n__attribute__((section(\".init.text\"))) int setup(void)\n"
		  "{ return g(2); }\n");
	expect_finding(p.delta, "init-code", "setup");
	assert_int_equal(finding(p.delta, "init-code")->line, 3);
	e = delta_refusal(p.delta);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
	expect_error(e, "setup");
}

static void test_init_data_that_changed_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "__attribute__((section(\".init.data\"))) int limit = 3;\n",
		  "__attribute__((section(\".init.data\"))) int limit = 4;\n");
	expect_finding(p.delta, "init-data", "limit");
}

static void test_a_variable_with_another_value_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "int limit = 3;\n", "int limit = 4;\n");
	expect_finding(p.delta, "changed-data", "limit");
	assert_non_null(finding(p.delta, "changed-data")->advice);
}

static void test_a_variable_that_grew_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "int room[4];\n", "int room[5];\n");
	expect_finding(p.delta, "changed-data", "room");
}

static void test_a_table_with_another_function_in_it_is_refused(void **state)
{
	static const char before[] = "int a(void); int b(void);\nstruct { int (*op)(void); } "
				     "const ops = { a };\n";
	static const char after[] = "int a(void); int b(void);\nstruct { int (*op)(void); } "
				    "const ops = { b };\n";
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, before, after);
	expect_finding(p.delta, "changed-data", "ops");
}

static void test_a_new_per_cpu_variable_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, USER,
		  "int g(int);\n__attribute__((section(\".data..percpu\"))) int hits = 1;\n"
		  "int f(void) { return g(hits); }\n");
	expect_finding(p.delta, "per-cpu", "hits");
}

static void test_a_function_that_ftrace_cannot_redirect_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p,
		  "int g(int);\n__attribute__((no_instrument_function)) int f(void)\n"
		  "{ return g(1); }\n",
		  "int g(int);\n__attribute__((no_instrument_function)) int f(void)\n"
		  "{ return g(2); }\n");
	expect_finding(p.delta, "no-fentry", "f");
}

/* Whether it is the one that runs, the binding finds out. */
static void test_a_weak_function_may_be_redirected(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "int g(int); __attribute__((weak)) int f(void) { return g(1); }\n",
		  "int g(int); __attribute__((weak)) int f(void) { return g(2); }\n");
	expect_changed(p.delta, "f");
}

static void test_names_that_share_code_before_but_not_after_are_refused(void **state)
{
#define ALIAS "int f2(void) __attribute__((alias(\"f\")));\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "int g(int); int f(void) { return g(1); }\n" ALIAS,
		  "int g(int); int f(void) { return g(2); }\nint f2(void) { return g(1); }\n");
	assert_non_null(finding(p.delta, "aliased-function"));
}

/* Redirecting f() would redirect f2() as well, and who still calls that is not known. */
static void test_a_name_that_is_gone_from_changed_code_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "int g(int); int f(void) { return g(1); }\n" ALIAS,
		  "int g(int); int f(void) { return g(2); }\n");
	expect_finding(p.delta, "aliased-function", "f");
}

/* g would get the body of f without any code that changed being there. */
static void test_a_function_that_becomes_another_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "int g(int); int f(void) { return g(1); }\nint f2(void) { return g(3); }\n",
		  "int g(int); int f(void) { return g(1); }\n" ALIAS);
	expect_finding(p.delta, "aliased-function", "f2");
}

static void test_an_alias_that_stays_is_no_obstacle(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "int g(int); int f(void) { return g(1); }\n" ALIAS,
		  "int g(int); int f(void) { return g(2); }\n" ALIAS);
	assert_int_equal(p.delta->findings.n, 0);
	assert_int_equal(count_kind(p.delta, DELTA_CHANGED_FUNCTION), 1);
}

#define EXIT(n)                                                                                 \
	"int g(int);\n__attribute__((section(\".exit.text\"))) int leave(void)\n{ return g(" #n \
	"); }\n"

static void test_an_exit_function_that_changed_is_refused_in_its_own_words(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, EXIT(1), EXIT(2));
	expect_finding(p.delta, "exit-code", "leave");
	assert_non_null(strstr(finding(p.delta, "exit-code")->what, "unloaded"));
}

static void test_exit_code_of_what_is_built_in_is_never_run(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_compile(&p, EXIT(1), EXIT(2));
	ok(delta_compute_as(p.before, p.after, &(struct delta_options){ .builtin = true },
			    &p.delta));
	expect_nothing(p.delta);
	assert_int_equal(p.delta->notes.n, 1);
}

static void test_an_init_function_goes_by_the_name_that_the_source_has_for_it(void **state)
{
#define SETUP(n)                                                                         \
	"int g(int);\n__attribute__((section(\".init.text\"))) static int setup(void)\n" \
	"{ return g(" #n "); }\nint init_module(void) __attribute__((alias(\"setup\")));\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, SETUP(1), SETUP(2));
	expect_finding(p.delta, "init-code", "setup");
}

static void test_a_device_table_is_refused_by_its_name(void **state)
{
#define DEVICES(n)                                            \
	"static const int devices[] = { 1, " #n ", 0 };\n"    \
	"extern const int __mod_pci__devices_device_table[3]" \
	" __attribute__((alias(\"devices\")));\nconst int *user = devices;\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, DEVICES(2), DEVICES(3));
	expect_finding(p.delta, "device-table", "devices");
}

static void test_what_a_module_says_of_itself_is_no_obstacle(void **state)
{
#define INFO(text) "asm(\".section .modinfo,\\\"a\\\"\\n.asciz \\\"" text "\\\"\\n.previous\");\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, USER INFO("firmware=a"), CHANGED_USER INFO("firmware=b"));
	expect_changed(p.delta, "f");
	assert_int_equal(p.delta->notes.n, 1);
}

static void test_what_every_sleeping_task_is_in_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "int g(int); int schedule(void) { return g(1); }\n",
		  "int g(int); int schedule(void) { return g(2); }\n");
	expect_finding(p.delta, "never-switched", "schedule");
}

static void test_the_main_loop_of_a_thread_is_told(void **state)
{
#define LOOP(n)                                        \
	"int kthread_should_stop(void); int g(int);\n" \
	"int f(void) { while (!kthread_should_stop()) g(" #n "); return 0; }\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, LOOP(1), LOOP(2));
	expect_changed(p.delta, "f");
	assert_int_equal(p.delta->notes.n, 1);
	assert_non_null(strstr(p.delta->notes.v[0], "kthread_should_stop"));
}

static void test_assembler_code_that_changed_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "asm(\".text\\n.globl stub\\nstub: movl $1, %eax\\nret\\n\");\n",
		  "asm(\".text\\n.globl stub\\nstub: movl $2, %eax\\nret\\n\");\n");
	expect_finding(p.delta, "changed-asm", "stub");
}

static void test_a_variable_that_became_writable_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "const int limit = 3;\n", "int limit = 3;\n");
	expect_finding(p.delta, "changed-data", "limit");
}

/* A section that nobody has told us about, and what it says about f(). */
#define UNKNOWN(name) "asm(\".pushsection " name ",\\\"a\\\"\\n.quad f\\n.popsection\");\n"

static void test_an_unknown_section_about_included_code_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, USER UNKNOWN("__novel_sites"), CHANGED_USER UNKNOWN("__novel_sites"));
	expect_finding(p.delta, "unknown-section", "__novel_sites");
}

static void test_an_unknown_section_about_other_code_is_no_obstacle(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p,
		  "int g(int); int h(void) { return g(5); }\nint f(void) { return 1; }\n" UNKNOWN(
			  "__novel_sites"),
		  "int g(int); int h(void) { return g(6); }\nint f(void) { return 1; }\n" UNKNOWN(
			  "__novel_sites"));
	expect_changed(p.delta, "h");
}

static void test_code_that_uses_an_unknown_section_is_refused(void **state)
{
#define NOVEL                                                                      \
	"extern int novel; asm(\".pushsection .novel,\\\"aw\\\"\\n.globl novel\\n" \
	"novel: .long 3\\n.popsection\");\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, NOVEL "int g(int); int f(void) { return g(1) + novel; }\n",
		  NOVEL "int g(int); int f(void) { return g(2) + novel; }\n");
	expect_finding(p.delta, "unknown-section", ".novel");
}

static void test_a_table_whose_entries_cannot_be_told_apart_is_refused(void **state)
{
#define ODD "asm(\".pushsection __ex_table,\\\"a\\\"\\n.long 7\\n.quad f\\n.popsection\");\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, USER ODD, CHANGED_USER ODD);
	expect_finding(p.delta, "odd-table", "__ex_table");
}

static void test_an_unknown_relocation_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };
	struct section *s;

	(void)state;
	pair_compile(&p, USER, CHANGED_USER);
	s = object_section(p.after, ".text.f");
	s->relocs.v[s->relocs.n - 1].type = 99;
	ok(delta_compute(p.before, p.after, &p.delta));
	expect_finding(p.delta, "unknown-relocation", "f");
	assert_non_null(strstr(finding(p.delta, "unknown-relocation")->what, "99"));
}

static void test_code_that_refers_to_init_data_is_refused(void **state)
{
#define GONE "__attribute__((section(\".init.data\"))) int gone = 3;\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, GONE "int g(int); int f(void) { return g(1) + gone; }\n",
		  GONE "int g(int); int f(void) { return g(2) + gone; }\n");
	expect_finding(p.delta, "init-reference", "f");
}

/* f() has one count too many: nothing says which of them the old one is. */
static void test_a_static_variable_of_doubtful_identity_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "int g(int); int f(int x) { { static int count; g(count++); } return x; }\n",
		  "int g(int); int f(int x) { { static int count; g(count++); }\n"
		  "{ static int count; g(count += 2); } return x; }\n");
	assert_non_null(finding(p.delta, "ambiguous-static"));
}

static void test_a_damaged_field_is_an_error(void **state)
{
	struct pair p __cleanup_pair = { 0 };
	struct section *s;

	(void)state;
	pair_compile(&p, USER, CHANGED_USER);
	s = object_section(p.after, ".text.f");
	s->relocs.v[s->relocs.n - 1].offset = s->size - 1;
	expect_error(delta_compute(p.before, p.after, &p.delta), "goes beyond its end");
}

/* The label of before is within nameless code; found by fuzzing. */
static void test_a_label_is_not_taken_for_a_function(void **state)
{
#define LABEL(type) "asm(\".text\\nmovl $1, %eax\\n" type "stub: movl $1, %eax\\nret\\n\");\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, LABEL("") "int g(void) { return 1; }\n",
		  LABEL(".type stub, @function\\n") "int g(void) { return 1; }\n");
	assert_true(p.delta->findings.n > 0);
}

static void test_findings_come_before_items_in_the_report(void **state)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, USER "int limit = 1;\n", CHANGED_USER "int limit = 2;\n");
	ok(delta_print(p.delta, &text));
	assert_non_null(strstr(strbuf_str(&text), "refused  changed-data"));
	assert_true(strstr(strbuf_str(&text), "refused") < strstr(strbuf_str(&text), "changed  f"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_init_function_that_changed_is_refused),
		cmocka_unit_test(test_init_data_that_changed_is_refused),
		cmocka_unit_test(test_a_variable_with_another_value_is_refused),
		cmocka_unit_test(test_a_variable_that_grew_is_refused),
		cmocka_unit_test(test_a_table_with_another_function_in_it_is_refused),
		cmocka_unit_test(test_a_new_per_cpu_variable_is_refused),
		cmocka_unit_test(test_a_function_that_ftrace_cannot_redirect_is_refused),
		cmocka_unit_test(test_a_weak_function_may_be_redirected),
		cmocka_unit_test(test_names_that_share_code_before_but_not_after_are_refused),
		cmocka_unit_test(test_a_name_that_is_gone_from_changed_code_is_refused),
		cmocka_unit_test(test_a_function_that_becomes_another_is_refused),
		cmocka_unit_test(test_an_alias_that_stays_is_no_obstacle),
		cmocka_unit_test(test_an_exit_function_that_changed_is_refused_in_its_own_words),
		cmocka_unit_test(test_exit_code_of_what_is_built_in_is_never_run),
		cmocka_unit_test(test_an_init_function_goes_by_the_name_that_the_source_has_for_it),
		cmocka_unit_test(test_a_device_table_is_refused_by_its_name),
		cmocka_unit_test(test_what_a_module_says_of_itself_is_no_obstacle),
		cmocka_unit_test(test_what_every_sleeping_task_is_in_is_refused),
		cmocka_unit_test(test_the_main_loop_of_a_thread_is_told),
		cmocka_unit_test(test_assembler_code_that_changed_is_refused),
		cmocka_unit_test(test_a_variable_that_became_writable_is_refused),
		cmocka_unit_test(test_an_unknown_section_about_included_code_is_refused),
		cmocka_unit_test(test_an_unknown_section_about_other_code_is_no_obstacle),
		cmocka_unit_test(test_code_that_uses_an_unknown_section_is_refused),
		cmocka_unit_test(test_a_table_whose_entries_cannot_be_told_apart_is_refused),
		cmocka_unit_test(test_an_unknown_relocation_is_refused),
		cmocka_unit_test(test_code_that_refers_to_init_data_is_refused),
		cmocka_unit_test(test_a_static_variable_of_doubtful_identity_is_refused),
		cmocka_unit_test(test_a_damaged_field_is_an_error),
		cmocka_unit_test(test_a_label_is_not_taken_for_a_function),
		cmocka_unit_test(test_findings_come_before_items_in_the_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

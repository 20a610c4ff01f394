// SPDX-License-Identifier: GPL-2.0-or-later
/* Functions that a change moves out of the object, or removes. */
#include "delta_pair.h"

/* The old static must not be called: another object's new function of that name is meant. */
static void test_a_function_that_moved_to_another_file_is_not_its_old_static(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	const struct outside *o;

	(void)state;
	pair_make(&p,
		  "static __attribute__((noinline)) int helper(int x) { return x * 3 + 1; }\n"
		  "int known(int);\n"
		  "int caller(int x) { return helper(x) + known(x); }\n",
		  "int helper(int x);\n"
		  "int known(int);\n"
		  "int caller(int x) { return helper(x) + known(x); }\n");
	ok(delta_extract(p.delta, &x));
	o = outside_named(x, "helper");
	assert_non_null(o);
	assert_null(o->before);
	o = outside_named(x, "known");
	assert_non_null(o);
	assert_non_null(o->before);
}

#define CLONED                    \
	"extern int sink(int);\n" \
	"static __attribute__((noinline)) int helper(int x, int mode)\n"

static void test_a_removed_caller_of_a_changed_clone_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p,
		  CLONED "{ return sink(x) * mode + sink(x + mode); }\n"
			 "int gone(int x) { return helper(x, 7) + 1; }\n"
			 "int stays(int x) { return helper(x, 7) + 2; }\n",
		  CLONED "{ return sink(x) * mode + sink(x - mode); }\n"
			 "int stays(int x) { return helper(x, 9) + 2; }\n");
	assert_non_null(finding(p.delta, "ambiguous-clone"));
}

static void test_a_clone_whose_callers_stay_may_change(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p,
		  CLONED "{ return sink(x) * mode + sink(x + mode); }\n"
			 "int stays(int x) { return helper(x, 7) + 2; }\n",
		  CLONED "{ return sink(x) * mode + sink(x - mode); }\n"
			 "int stays(int x) { return helper(x, 7) + 2; }\n");
	assert_null(finding(p.delta, "ambiguous-clone"));
	assert_true(p.delta->items.n > 0);
}

/* A switch that only chooses an address becomes a table, which nobody but the function knows. */
#define SWITCH                                                                 \
	"int sum(const int *);\n"                                              \
	"int f(unsigned int x)\n{\n"                                           \
	"	static const int a[] = { 1, 2 }, b[] = { 3, 4 }, c[] = { 5, 6 };\n"  \
	"	static const int d[] = { 7, 8 }, e[] = { 9, 10 };\n"                 \
	"	const int *t;\n"                                                     \
	"	switch (x) {\n case 0: t = a; break;\n case 1: t = b; break;\n"      \
	"	case 2: t = c; break;\n case 3: t = d; break;\n default: t = e; }\n" \
	"	return sum(t);\n}\n"

static void test_variables_behind_a_table_of_the_compiler_are_the_same_after_lines_moved(
	void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, SWITCH, "\n\n" SWITCH);
	expect_nothing(p.delta);
}

static void test_a_variable_behind_a_table_of_the_compiler_that_changed_is_a_change(void **state)
{
	struct pair p __cleanup_pair = { 0 };
	char *after __free = strdup(SWITCH);

	(void)state;
	memcpy(strstr(after, "5, 6"), "5, 9", 4);
	pair_make(&p, SWITCH, after);
	expect_changed(p.delta, "f");
}

#define LINES_IN_NAMES                                                                  \
	"struct methods { int x; };\nstruct object { const struct methods *m; };\n"     \
	"#define PASTE2(a, b) a##b\n#define PASTE(a, b) PASTE2(a, b)\n"                 \
	"#define OBJECT(name, v) static const struct methods PASTE(methods_, __LINE__)" \
	" = { v }; struct object name = { &PASTE(methods_, __LINE__) }\n"               \
	"int f(struct object *o) { return o->m->x; }\n"

static void test_names_with_their_line_are_the_same_after_lines_moved(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, LINES_IN_NAMES "OBJECT(one, 1);\nOBJECT(two, 2);\n",
		  LINES_IN_NAMES "\n\nOBJECT(one, 1);\n\nOBJECT(two, 2);\n");
	expect_nothing(p.delta);
}

/* The first is where the second was, and has its name. */
static void test_a_name_that_another_had_before_lines_moved_is_not_believed(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, LINES_IN_NAMES "OBJECT(one, 1);\nOBJECT(two, 2);\n",
		  LINES_IN_NAMES "\nOBJECT(one, 1);\nOBJECT(two, 2);\n");
	expect_nothing(p.delta);
}

static void test_what_has_a_name_with_its_line_and_another_content_is_a_change(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, LINES_IN_NAMES "OBJECT(one, 1);\nOBJECT(two, 2);\n",
		  LINES_IN_NAMES "\n\nOBJECT(one, 1);\n\nOBJECT(two, 3);\n");
	assert_true(p.delta->findings.n > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_function_that_moved_to_another_file_is_not_its_old_static),
		cmocka_unit_test(test_a_removed_caller_of_a_changed_clone_is_refused),
		cmocka_unit_test(
			test_variables_behind_a_table_of_the_compiler_are_the_same_after_lines_moved),
		cmocka_unit_test(
			test_a_variable_behind_a_table_of_the_compiler_that_changed_is_a_change),
		cmocka_unit_test(test_names_with_their_line_are_the_same_after_lines_moved),
		cmocka_unit_test(test_a_name_that_another_had_before_lines_moved_is_not_believed),
		cmocka_unit_test(
			test_what_has_a_name_with_its_line_and_another_content_is_a_change),
		cmocka_unit_test(test_a_clone_whose_callers_stay_may_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

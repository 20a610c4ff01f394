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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_function_that_moved_to_another_file_is_not_its_old_static),
		cmocka_unit_test(test_a_removed_caller_of_a_changed_clone_is_refused),
		cmocka_unit_test(test_a_clone_whose_callers_stay_may_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

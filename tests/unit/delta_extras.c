// SPDX-License-Identifier: GPL-2.0-or-later
/* What a fix says to suture itself (suture/patch.h) is part of its delta. */
#include "delta_pair.h"

#define FUNCTION "int one(void) { return 1; }\n"
#define CALLBACK                                                                       \
	"static int begin(void *o) { return !o; }\n"                                   \
	"static int (*const set[4])(void *) __attribute__((used, aligned(8), section(" \
	"\".suture.callbacks\"))) = { begin };\n"
#define STATE(version)                                                                  \
	"static const unsigned long state[2] __attribute__((used, aligned(8), section(" \
	"\".suture.states\"))) = { 7, " version " };\n"

static void test_new_callbacks_are_included_with_their_functions(void **state)
{
	struct pair p __cleanup_pair = { 0 };
	struct extraction *x __cleanup_extraction = NULL;

	(void)state;
	pair_make(&p, FUNCTION, FUNCTION CALLBACK STATE("1"));
	assert_int_equal(p.delta->findings.n, 0);
	assert_non_null(item_named(p.delta, "set"));
	assert_non_null(item_named(p.delta, "begin"));
	assert_non_null(item_named(p.delta, "state"));
	assert_null(item_named(p.delta, "one"));
	ok(delta_extract(p.delta, &x));
	assert_int_equal(x->replacements.n, 0);
	assert_non_null(object_section(x->object, ".suture.callbacks"));
}

static void test_callbacks_that_were_there_before_are_not_the_fixs(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, FUNCTION CALLBACK, FUNCTION CALLBACK);
	assert_int_equal(p.delta->items.n, 0);
}

static void test_a_state_that_was_there_before_must_not_change(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, FUNCTION STATE("1"), FUNCTION STATE("2"));
	assert_non_null(finding(p.delta, "changed-extra"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_callbacks_are_included_with_their_functions),
		cmocka_unit_test(test_callbacks_that_were_there_before_are_not_the_fixs),
		cmocka_unit_test(test_a_state_that_was_there_before_must_not_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

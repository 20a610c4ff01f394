// SPDX-License-Identifier: GPL-2.0-or-later
/* Run-pre matching of code that refers to its own entries about warnings. */
#include "bind_world.h"
#include "warnings.h"

/* In the image before the unit's: its entries are not the first. */
static const char neighbour[] =
	SINK FUNCTION("neighbour", WARN("1", "its own"),
		      "7") "int sink(int n, const void *bug) { return bug ? n : 3; }\n"
			   "int counter = 7;\n";

/* The kernel goes by these. */
static const char bounds[] = "extern const char __start___bug_table[], __stop___bug_table[];\n"
			     "long number(void)\n"
			     "{ return __stop___bug_table - __start___bug_table; }\n";

#define UNIT(entry_of_second)                                                         \
	SINK FUNCTION("first", WARN("1", "one"), "1")                                 \
		FUNCTION("second", WARN_OF("2", entry_of_second, "0", "two %d"), "2") \
			FUNCTION("third", WARN("3", "three") WARN("4", "four"), "3")

static const char unit_of_three[] = UNIT("2");

static void test_code_that_refers_to_its_entries_is_found(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, unit_of_three, NULL, units(neighbour, unit_of_three, bounds));
	expect(&b, "first", BIND_MATCHED);
	expect(&b, "second", BIND_MATCHED);
	expect(&b, "third", BIND_MATCHED);
	expect(&b, "sink", BIND_DERIVED);
}

static void test_in_a_module_too(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, true, unit_of_three, NULL, units(neighbour, unit_of_three));
	expect(&b, "first", BIND_MATCHED);
	expect(&b, "second", BIND_MATCHED);
	expect(&b, "third", BIND_MATCHED);
}

/* The table says where in the code: there, that is nearer to the function's start. */
#define MANY "n * 77 + (n >> 3) * (n << 4)"
#define INNER "int count; static " NOINLINE "int inner(int x) { count += x; return x * count; }\n"
#define JUMP "if (__builtin_expect(n & 1, 1)) return inner(n + 2); "
#define BEHIND NOINLINE FUNCTION("behind", JUMP WARN("2", "two"), MANY)
static const char shorter[] = SINK FUNCTION("first", WARN("1", "one"), MANY)
INNER BEHIND FUNCTION("caller", "n += behind(n + 1);", MANY);

static void test_a_shorter_jump_before_the_warning_is_understood(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, shorter, NULL, units(neighbour, shorter, bounds));
	expect(&b, "first", BIND_MATCHED);
	expect(&b, "behind", BIND_MATCHED);
	expect(&b, "inner", BIND_MATCHED);
	assert_int_equal(b.binding->counts.shorter, 1);
}

static void test_a_shorter_jump_before_the_warning_is_understood_without_names_too(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_nameless(&b, shorter, units(neighbour, shorter));
	assert_int_equal(placed(&b, "first")->how, BIND_MATCHED);
	assert_int_equal(placed(&b, "behind")->how, BIND_MATCHED);
}

static void test_another_entry_than_the_image_refers_to_is_refused(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, unit_of_three, NULL, units(neighbour, UNIT("1"), bounds));
	expect(&b, "first", BIND_MATCHED);
	expect_none(&b, "second", "others have it at");
	expect(&b, "third", BIND_MATCHED);
}

#define ONE(place)                                                                                 \
	SINK "extern int counter; int only(int n) { const void *bug; asm volatile(\"lea " place    \
	     "(%%rip), %[b]\\n.Lplace1: " ENTRY("1", ".Lplace1") "\" : [b] \"=r\"(bug) : " INPUTS( \
		     "one") "); n += sink(n, bug); return n + counter; }\n"

static void test_a_reference_that_the_image_has_to_no_entry_is_refused(void **state)
{
	struct bound data __cleanup_bound = { 0 }, behind __cleanup_bound = { 0 };
	struct bound same __cleanup_bound = { 0 };

	(void)state;
	bind_it(&same, false, ONE(".Lentry1"), NULL, units(neighbour, ONE(".Lentry1"), bounds));
	expect(&same, "only", BIND_MATCHED);
	bind_it(&data, false, ONE(".Lentry1"), NULL, units(neighbour, ONE("counter"), bounds));
	expect_none(&data, "only", "the image there to something else");
	bind_it(&behind, false, ONE(".Lentry1"), NULL, units(neighbour, ONE(".Lentry1+8"), bounds));
	expect_none(&behind, "only", "the image there to something else");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_code_that_refers_to_its_entries_is_found),
		cmocka_unit_test(test_in_a_module_too),
		cmocka_unit_test(test_a_shorter_jump_before_the_warning_is_understood),
		cmocka_unit_test(
			test_a_shorter_jump_before_the_warning_is_understood_without_names_too),
		cmocka_unit_test(test_another_entry_than_the_image_refers_to_is_refused),
		cmocka_unit_test(test_a_reference_that_the_image_has_to_no_entry_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

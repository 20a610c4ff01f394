// SPDX-License-Identifier: GPL-2.0-or-later
/* Run-pre matching: what is placed, and how namesakes are told apart. */
#include "bind_world.h"

/* --- what is placed -------------------------------------------------------------------- */

static void test_functions_data_and_outside_symbols_are_placed_where_the_image_has_them(
	void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, unit, NULL, units(other, unit));
	expect(&b, "helper", BIND_MATCHED);
	expect(&b, "entry", BIND_MATCHED);
	expect(&b, "text", BIND_MATCHED);
	expect(&b, "state", BIND_DERIVED);
	expect(&b, "quiet", BIND_DERIVED);
	expect(&b, "table", BIND_DERIVED);
	expect(&b, "outside", BIND_DERIVED);
	expect(&b, "counter", BIND_DERIVED);
	assert_true(placed(&b, "helper")->witnesses >= 2);
	assert_int_equal(b.binding->counts.functions, 3);
	assert_int_equal(b.binding->counts.matched, 3);
}

static void test_names_are_not_needed_where_bytes_are_enough(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_nameless(&b, unit, units(other, unit));
	assert_int_equal(placed(&b, "helper")->how, BIND_MATCHED);
	assert_int_equal(placed(&b, "entry")->how, BIND_MATCHED);
	assert_int_equal(placed(&b, "outside")->how, BIND_DERIVED);
	assert_int_equal(b.binding->counts.nameless, b.binding->counts.matched);
}

static void test_jumps_that_are_shorter_in_the_image_are_understood(void **state)
{
	static const char source[] =
		"int count, calls;\n"
		"static " NOINLINE "int inner(int x) { count += x; return x * count; }\n"
		"int entry(int x)\n"
		"{ for (int i = 0; i < x; i++) calls += i * x; if (x & 1) return 5;\n"
		"  while (count > x) count -= calls; return inner(x + 2); }\n"
		"int last(int x) { return entry(x) + 1; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, source, NULL, units(source));
	expect(&b, "entry", BIND_MATCHED);
	expect(&b, "inner", BIND_MATCHED);
	expect(&b, "last", BIND_MATCHED);
	assert_int_equal(b.binding->counts.shorter, 1);
}

/* A function with a jump that is shorter in the image, and some text of its own. */
#define WITH_SHORT_JUMP(text)                                                     \
	"int count, calls;\n"                                                     \
	"static " NOINLINE "int inner(int x) { count += x; return x * count; }\n" \
	"int entry(int x)\n"                                                      \
	"{ for (int i = 0; i < x; i++) calls += i * x; " text                     \
	"  while (count > x) count -= calls; return inner(x + 2); }\n"

static void test_a_condition_that_differs_is_seen_beside_a_shorter_jump(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, WITH_SHORT_JUMP("asm volatile(\"jz 1f; nop; 1: nop\");"), NULL,
		units(WITH_SHORT_JUMP("asm volatile(\"jc 1f; nop; 1: nop\");")));
	expect_none(&b, "entry", "where the image has jb");
	expect_none(&b, "inner", "stands alone");
}

static void test_a_destination_that_differs_is_seen_beside_a_shorter_jump(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, WITH_SHORT_JUMP("asm volatile(\"jz 1f; nop; 1: nop\");"), NULL,
		units(WITH_SHORT_JUMP("asm volatile(\"jz 1f; nop; nop; 1:\");")));
	assert_int_equal(placed(&b, "entry")->how, BIND_NONE);
}

/* 'first' decides where in its section the padded function lies: 16 bytes off, or not. */
#define WITH_PADDING(first, inside)                                                     \
	first "int count;\n"                                                            \
	      "__attribute__((aligned(16), noinline)) int entry(int x)\n"               \
	      "{ count = x * 3; if (x == 77) return 12345;\n"                           \
	      "  asm volatile(\".p2align 5\\n1: " inside "\\n\\tjz 1b\" ::: \"cc\");\n" \
	      "  return count + 4711; }\n"                                              \
	      "__attribute__((aligned(16))) int last(int x) { return entry(x) * 5; }\n"
#define ODD "__attribute__((aligned(32))) int first(int x) { return x; }\n"

static void test_padding_of_another_length_before_a_loop_is_understood(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, WITH_PADDING(ODD, "inc %%eax"), NULL,
		units(WITH_PADDING(ODD, "inc %%eax")));
	expect(&b, "entry", BIND_MATCHED);
	expect(&b, "last", BIND_MATCHED);
	assert_int_equal(b.binding->counts.shorter, 1);
}

static void test_code_that_differs_is_seen_behind_padding_of_another_length(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, WITH_PADDING(ODD, "inc %%eax"), NULL,
		units(WITH_PADDING(ODD, "dec %%eax")));
	assert_int_equal(placed(&b, "entry")->how, BIND_NONE);
}

static void test_an_outside_symbol_nothing_refers_to_is_found_by_name(void **state)
{
	static const char source[] = "extern int outside(int);\n"
				     "void *const unused __attribute__((used)) = outside;\n"
				     "int entry(int x) { return x + 12345; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, source, NULL, units(other, source));
	assert_int_equal(placed(&b, "outside")->how, BIND_NAMED);
	assert_int_equal(placed(&b, "outside")->address, address(&b, "outside"));
}

/* --- several of one name ------------------------------------------------------------------ */

static void test_twins_are_told_apart_by_who_calls_them(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, twin_b, NULL, units(other, twin_a, twin_b));
	expect(&b, "twin", BIND_MATCHED);
	assert_true(placed(&b, "twin")->address > address(&b, "a"));
	assert_int_equal(image_sympos(placed(&b, "twin")->symbol), 2);
}

static void test_positions_count_by_address_in_the_kernel(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, twin_b, NULL, units(other, twin_b, twin_a));
	assert_int_equal(image_sympos(placed(&b, "twin")->symbol), 1);
	assert_int_equal(image_sympos(placed(&b, "b")->symbol), 0);
}

static void test_a_twin_that_nothing_tells_apart_is_not_guessed(void **state)
{
	static const char alone[] =
		"extern int counter;\n"
		"static " NOINLINE "__attribute__((used)) int twin(int x)\n"
		"{ counter += x; return x * 77 + (counter >> 2) + (x << 4); }\n";
	struct error *e __cleanup_error = NULL;
	struct bound b __cleanup_bound = { 0 };
	const struct placement *p;

	(void)state;
	bind_it(&b, false, alone, NULL, units(other, alone, alone));
	expect_none(&b, "twin", "nothing tells");
	e = binding_need(b.binding, object_symbol(b.object, "twin"), &p);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
	assert_non_null(strstr(error_message(e), "twin"));
}

static void test_of_two_twins_the_one_that_matches_may_be_the_wrong_one(void **state)
{
	static const char one[] = "extern int counter;\n"
				  "static " NOINLINE "__attribute__((used)) int twin(int x)\n"
				  "{ counter += x; return x * 77 + (counter >> 2) + (x << 4); }\n";
	static const char another[] =
		"extern int counter;\n"
		"static " NOINLINE "__attribute__((used)) int twin(int x)\n"
		"{ counter += x; return x * 78 + (counter >> 2) + (x << 4); }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, one, NULL, units(other, one, another));
	assert_int_equal(placed(&b, "twin")->how, BIND_NONE);
}

static const char tiny_a[] = "static " NOINLINE "void tiny(void) { asm(\"\"); }\n"
			     "extern int counter;\n"
			     "int a(int x) { tiny(); return counter * x + 11; }\n";
static const char tiny_b[] = "static " NOINLINE "void tiny(void) { asm(\"\"); }\n"
			     "extern int counter;\n"
			     "int b(int x) { tiny(); return counter * x - 13; }\n";

static void test_a_tiny_function_is_placed_by_its_caller(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, tiny_b, NULL, units(other, tiny_a, tiny_b));
	expect(&b, "tiny", BIND_MATCHED);
	assert_int_equal(image_sympos(placed(&b, "tiny")->symbol), 2);
	assert_true(b.binding->counts.tiny >= 1);
}

static void test_a_tiny_function_is_not_believed_on_its_own_bytes(void **state)
{
	static const char here[] = "int yes(void) { return 1; }\n";
	struct text_index *index __cleanup_text_index = NULL;
	struct bind_options opt = { 0 };
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	/* The bytes are there once, but under another name. */
	ship(&b, false, units(other, "int truth(void) { return 1; }\n"));
	build(&b, here, NULL);
	ok(text_index_build(b.image, &index));
	opt.withhold_names = index;
	ok(binding_compute(b.object, b.image, &opt, &b.binding));
	expect_none(&b, "yes", "no function of this name");
}

static const char foreign[] = "extern int counter;\n"
			      "static " NOINLINE "int from_header(int x)\n"
			      "{ counter -= x; return x * 77 + (counter >> 2) + (x << 4); }\n"
			      "int foreign(int x) { return from_header(x) / 3; }\n";

static void test_a_private_function_of_another_unit_is_not_taken_for_its_name(void **state)
{
	static const char ours[] = "extern int counter;\n"
				   "int ours_first(int x) { return x * 5 + counter; }\n"
				   "static " NOINLINE "int from_header(int x)\n"
				   "{ counter -= x; return x * 77 + (counter >> 2) + (x << 4); }\n"
				   "int ours(int x) { return from_header(x) / 7; }\n";
	static const char shipped[] = "extern int counter;\n"
				      "int ours_first(int x) { return x * 6 + counter; }\n"
				      "int ours(int x) { counter -= x; return x / 7; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, ours, NULL, units(other, foreign, shipped));
	assert_int_equal(placed(&b, "from_header")->how, BIND_NONE);
	assert_int_equal(b.binding->counts.matched, 0);
}

static void test_what_lies_elsewhere_than_its_neighbours_is_refused(void **state)
{
	static const char ours[] =
		"extern int counter;\n"
		"int ours_first(int x) { return x * 5 + counter; }\n"
		"static " NOINLINE "__attribute__((used)) int from_header(int x)\n"
		"{ counter -= x; return x * 77 + (counter >> 2) + (x << 4); }\n"
		"int ours(int x) { return counter * x / 7; }\n";
	static const char shipped[] = "extern int counter;\n"
				      "int ours_first(int x) { return x * 5 + counter; }\n"
				      "int ours(int x) { return counter * x / 7; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, ours, NULL, units(other, foreign, shipped));
	expect(&b, "ours_first", BIND_MATCHED);
	expect(&b, "ours", BIND_MATCHED);
	expect_none(&b, "from_header", "next to");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_functions_data_and_outside_symbols_are_placed_where_the_image_has_them),
		cmocka_unit_test(test_names_are_not_needed_where_bytes_are_enough),
		cmocka_unit_test(test_jumps_that_are_shorter_in_the_image_are_understood),
		cmocka_unit_test(test_a_condition_that_differs_is_seen_beside_a_shorter_jump),
		cmocka_unit_test(test_a_destination_that_differs_is_seen_beside_a_shorter_jump),
		cmocka_unit_test(test_padding_of_another_length_before_a_loop_is_understood),
		cmocka_unit_test(test_code_that_differs_is_seen_behind_padding_of_another_length),
		cmocka_unit_test(test_an_outside_symbol_nothing_refers_to_is_found_by_name),
		cmocka_unit_test(test_twins_are_told_apart_by_who_calls_them),
		cmocka_unit_test(test_positions_count_by_address_in_the_kernel),
		cmocka_unit_test(test_a_twin_that_nothing_tells_apart_is_not_guessed),
		cmocka_unit_test(test_of_two_twins_the_one_that_matches_may_be_the_wrong_one),
		cmocka_unit_test(test_a_tiny_function_is_placed_by_its_caller),
		cmocka_unit_test(test_a_tiny_function_is_not_believed_on_its_own_bytes),
		cmocka_unit_test(test_a_private_function_of_another_unit_is_not_taken_for_its_name),
		cmocka_unit_test(test_what_lies_elsewhere_than_its_neighbours_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

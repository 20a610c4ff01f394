// SPDX-License-Identifier: GPL-2.0-or-later
/* Run-pre matching: what is refused, names alone, and modules. */
#include "bind_world.h"

/* --- what is refused ------------------------------------------------------------------------ */

static void test_a_function_of_another_source_is_refused_and_the_difference_shown(void **state)
{
	static const char changed[] =
		"extern int outside(int), counter;\n"
		"static int state[8] = { 1, 2, 3 };\n"
		"static int quiet;\n"
		"static const int table[] = { 9, 8, 7, 6, 5 };\n"
		"static " NOINLINE "int helper(int x)\n"
		"{ state[x & 7] += counter; return outside(x) ^ table[x % 5]; }\n"
		"int entry(int x) { quiet++; return helper(x) + helper(x + 2) * 5; }\n"
		"const char *text(int x) { return x ? \"some text\" : \"other text\"; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, changed, NULL, units(other, unit));
	expect_none(&b, "entry", "0x02(");
	expect_none(&b, "entry", "0x01(");
	expect(&b, "helper", BIND_MATCHED);
	expect(&b, "text", BIND_MATCHED);
}

static void test_another_compiler_flag_is_refused(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, unit, "-O1", units(other, unit));
	assert_true(b.binding->counts.matched < b.binding->counts.functions);
	expect_none(&b, "entry", "where the image has");
}

static void test_another_string_is_refused(void **state)
{
	static const char changed[] =
		"const char *text(int x) { return x ? \"some text\" : \"other tEXT\"; }\n";
	static const char shipped[] =
		"const char *text(int x) { return x ? \"some text\" : \"other text\"; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, changed, NULL, units(shipped));
	expect_none(&b, "text", "content");
}

static void test_another_callee_is_refused(void **state)
{
	static const char shipped[] = "extern int outside(int), later(int, int);\n"
				      "int entry(int x) { return outside(x) + 99; }\n";
	static const char changed[] = "extern int outside(int), later(int);\n"
				      "int entry(int x) { return later(x) + 99; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, changed, NULL, units(other, shipped));
	expect_none(&b, "entry", "later");
}

static void test_another_addend_is_refused(void **state)
{
	static const char shipped[] =
		"static int array[16];\n"
		"int *one(int x) { array[x] = 4; return &array[1]; }\n"
		"int *entry(int x) { array[x + 1] += x; return &array[5]; }\n";
	static const char changed[] =
		"static int array[16];\n"
		"int *one(int x) { array[x] = 4; return &array[1]; }\n"
		"int *entry(int x) { array[x + 1] += x; return &array[6]; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, changed, NULL, units(shipped));
	expect(&b, "one", BIND_MATCHED);
	expect_none(&b, "entry", "array");
}

static void test_an_addend_that_others_contradict_is_refused_without_names_too(void **state)
{
	static const char shipped[] =
		"static int array[16];\n"
		"int *one(int x) { array[x * 3 + 7] = 4 * x + 9 / (x + 1); return &array[1]; }\n"
		"int *entry(long x) { x *= 12345; x ^= x >> 3; x += x << 7; array[5] = x; return 0; }\n";
	static const char changed[] =
		"static int array[16];\n"
		"int *one(int x) { array[x * 3 + 7] = 4 * x + 9 / (x + 1); return &array[1]; }\n"
		"int *entry(long x) { x *= 12345; x ^= x >> 3; x += x << 7; array[6] = x; return 0; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_nameless(&b, changed, units(shipped));
	assert_int_equal(placed(&b, "one")->how, BIND_MATCHED);
	expect_none(&b, "entry", "others have it at");
}

static void test_a_function_that_contradicts_itself_is_refused(void **state)
{
	static const char shipped[] =
		"static int array[16];\n"
		"int *one(int x) { array[x * 3 + 7] = 4 * x + 9 / (x + 1); return &array[1]; }\n";
	static const char changed[] =
		"static int array[16];\n"
		"int *one(int x) { array[x * 3 + 7] = 4 * x + 9 / (x + 1); return &array[2]; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_nameless(&b, changed, units(shipped));
	expect_none(&b, "one", "contradicts itself");
}

static void test_other_initial_data_is_refused_but_not_the_functions(void **state)
{
	static const char shipped[] = "static int limits[2] = { 10, 20 };\n"
				      "int *entry(int x) { limits[0] += x; return limits; }\n";
	static const char changed[] = "static int limits[2] = { 10, 30 };\n"
				      "int *entry(int x) { limits[0] += x; return limits; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, changed, NULL, units(shipped));
	expect(&b, "entry", BIND_MATCHED);
	expect_none(&b, "limits", "1e where the image has 14");
}

static void test_pointers_in_data_are_compared_too(void **state)
{
	static const char shipped[] = "extern int outside(int), later(int, int);\n"
				      "static struct { void *a, *b; } ops = { outside, later };\n"
				      "void *entry(int x) { ops.a = &ops.b + x; return &ops; }\n";
	static const char changed[] = "extern int outside(int), later(int, int);\n"
				      "static struct { void *a, *b; } ops = { later, outside };\n"
				      "void *entry(int x) { ops.a = &ops.b + x; return &ops; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, changed, NULL, units(other, shipped));
	expect_none(&b, "ops", "later");
}

static void test_a_relocation_that_is_not_known_is_refused(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	ship(&b, false, units(other, unit));
	build(&b, unit, NULL);
	object_symbol(b.object, "helper")->section->relocs.v[0].type = 9999;
	ok(binding_compute(b.object, b.image, NULL, &b.binding));
	expect_none(&b, "helper", "does not know");
}

static void test_a_weak_function_that_gave_way_is_bound_to_the_other_but_not_redirected(
	void **state)
{
	static const char weak[] = "extern int counter;\n"
				   "__attribute__((weak)) int hook(int x) { return x + counter; }\n"
				   "int entry(int x) { return hook(x) * 1000 + 31; }\n";
	static const char strong[] = "int hook(int x) { return x * 99 - 2; }\n";
	struct error *e __cleanup_error = NULL;
	struct bound b __cleanup_bound = { 0 };
	const struct placement *p;

	(void)state;
	bind_it(&b, false, weak, NULL, units(other, weak, strong));
	assert_int_equal(placed(&b, "hook")->how, BIND_NAMED);
	assert_int_equal(placed(&b, "hook")->address, address(&b, "hook"));
	assert_int_equal(b.binding->counts.overridden, 1);
	ok(binding_need(b.binding, object_symbol(b.object, "hook"), &p));
	e = binding_need_function(b.binding, object_symbol(b.object, "hook"), &p);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
	ok(binding_need_function(b.binding, object_symbol(b.object, "entry"), &p));
}

/* --- names alone -------------------------------------------------------------------------------
 */

static void test_a_name_alone_must_be_global_and_unambiguous(void **state)
{
	static const char also[] = "static " NOINLINE "int both(int x) { return x - 5; }\n"
				   "int caller(int x) { return both(x) * 3; }\n";
	static const char global[] = "int both(int x) { return x + 5; }\n";
	struct bound b __cleanup_bound = { 0 };
	struct placement p;

	(void)state;
	ship(&b, false, units(twin_a, also, global, other));
	ok(binding_by_name(b.image, "outside", &p));
	assert_int_equal(p.address, address(&b, "outside"));
	ok(binding_by_name(b.image, "both", &p));
	assert_int_equal(p.symbol->type, 'T');
	assert_int_equal(image_sympos(p.symbol), 2);
	expect_error(binding_by_name(b.image, "twin", &p), "private");
	vec_for_each(&b.image->symbols, s)
		s->type = s->type == 't' ? 'T' : s->type;
	expect_error(binding_by_name(b.image, "both", &p), "ambiguous");
	expect_error(binding_by_name(b.image, "nowhere", &p), "no such symbol");
}

/* --- modules
 * -------------------------------------------------------------------------------------- */

static const char module_unit[] =
	"extern int outside(int); extern int counter;\n"
	"static int state;\n"
	"static " NOINLINE "int twin(int x) { state += x; return outside(x) + counter * 3; }\n"
	"int module_entry(int x) { return twin(x) + twin(x - 1); }\n"
	"const char *module_text(void) { return \"text of the module\"; }\n";

static void test_a_unit_is_bound_to_the_module_that_ships_it(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, true, module_unit, NULL, units(twin_a, module_unit));
	assert_string_equal(b.image->name, "shipped");
	expect(&b, "twin", BIND_MATCHED);
	expect(&b, "module_entry", BIND_MATCHED);
	expect(&b, "module_text", BIND_MATCHED);
	expect(&b, "state", BIND_DERIVED);
	expect(&b, "outside", BIND_EXTERNAL);
	assert_int_equal(image_sympos(placed(&b, "twin")->symbol), 2);
}

static void test_positions_count_by_the_symbol_table_in_a_module(void **state)
{
	static const char early[] =
		"static " NOINLINE "__attribute__((used, section(\".text.zz\"))) int twin(int x)\n"
		"{ return x * 1001; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	/* The first in the symbol table lies in a section behind .text. */
	bind_it(&b, true, module_unit, NULL, units(early, module_unit));
	expect(&b, "twin", BIND_MATCHED);
	assert_int_equal(image_sympos(placed(&b, "twin")->symbol), 2);
	assert_true(placed(&b, "twin")->address < placed(&b, "twin")->symbol[1].address);
}

static void test_a_module_that_differs_is_refused(void **state)
{
	static const char changed[] =
		"extern int outside(int); extern int counter;\n"
		"static int state;\n"
		"static " NOINLINE
		"int twin(int x) { state += x; return outside(x) + counter * 5; }\n"
		"int module_entry(int x) { return twin(x) + twin(x - 1); }\n"
		"const char *module_text(void) { return \"text of the m0dule\"; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, true, changed, NULL, units(module_unit));
	expect_none(&b, "twin", "where the image has");
	expect_none(&b, "module_text", "content");
}

/* The same bytes in both, but for what the module's relocations will change. */
static void test_a_module_that_relocates_more_than_the_build_is_refused(void **state)
{
	static const char shipped[] =
		"int entry(int x) { int y; asm(\".byte 0xb8; .long outside\" : \"=a\"(y));\n"
		"  return x * 55 + y; }\n";
	static const char changed[] =
		"int entry(int x) { int y; asm(\".byte 0xb8; .long 0\" : \"=a\"(y));\n"
		"  return x * 55 + y; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, true, changed, NULL, units(shipped));
	expect_none(&b, "entry", "the build has none");
}

static void test_a_field_at_another_place_in_the_module_is_refused(void **state)
{
	static const char shipped[] =
		"int entry(int x) { int y; asm(\".byte 0xb8, 0; .long outside\" : \"=a\"(y));\n"
		"  return x * 55 + y; }\n";
	static const char changed[] =
		"int entry(int x) { int y; asm(\".byte 0xb8; .long outside; .byte 0\" : "
		"\"=a\"(y));\n"
		"  return x * 55 + y; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, true, changed, NULL, units(shipped));
	expect_none(&b, "entry", "no such reference");
}

static void test_an_object_for_another_machine_is_refused(void **state)
{
	struct error *e __cleanup_error = NULL;
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	ship(&b, false, units(other));
	build(&b, other, NULL);
	b.object->machine = EM_AARCH64;
	e = binding_compute(b.object, b.image, NULL, &b.binding);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_a_function_of_another_source_is_refused_and_the_difference_shown),
		cmocka_unit_test(test_another_compiler_flag_is_refused),
		cmocka_unit_test(test_another_string_is_refused),
		cmocka_unit_test(test_another_callee_is_refused),
		cmocka_unit_test(test_another_addend_is_refused),
		cmocka_unit_test(
			test_an_addend_that_others_contradict_is_refused_without_names_too),
		cmocka_unit_test(test_a_function_that_contradicts_itself_is_refused),
		cmocka_unit_test(test_other_initial_data_is_refused_but_not_the_functions),
		cmocka_unit_test(test_pointers_in_data_are_compared_too),
		cmocka_unit_test(test_a_relocation_that_is_not_known_is_refused),
		cmocka_unit_test(
			test_a_weak_function_that_gave_way_is_bound_to_the_other_but_not_redirected),
		cmocka_unit_test(test_a_name_alone_must_be_global_and_unambiguous),
		cmocka_unit_test(test_a_unit_is_bound_to_the_module_that_ships_it),
		cmocka_unit_test(test_positions_count_by_the_symbol_table_in_a_module),
		cmocka_unit_test(test_a_module_that_differs_is_refused),
		cmocka_unit_test(test_a_module_that_relocates_more_than_the_build_is_refused),
		cmocka_unit_test(test_a_field_at_another_place_in_the_module_is_refused),
		cmocka_unit_test(test_an_object_for_another_machine_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

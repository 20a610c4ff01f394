// SPDX-License-Identifier: GPL-2.0-or-later
/* What the linker of livepatch modules refuses. */
#include "livepatch_world.h"

static void test_a_reference_without_a_binding_is_refused_with_the_reason(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", CALLS("helper"));
	placement_of(&w, "helper")->trouble = "nobody refers to it";
	world_refused(&w, "nobody refers to it");
}

static void test_a_place_without_a_symbol_is_refused(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", CALLS("helper"));
	*placement_of(&w, "helper") =
		(struct placement){ .how = BIND_DERIVED, .address = TEXT + 0x303 };
	world_refused(&w, "no symbol");
}

static void test_what_is_gone_after_boot_is_refused(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", CALLS("gone"));
	place(&w, "gone", INIT + 0x10);
	world_refused(&w, "gone is init code");
}

static void test_address_zero_is_refused(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux",
		   "extern int a_percpu; int old_function(void) { return a_percpu; }");
	place(&w, "a_percpu", 0);
	world_refused(&w, "address 0");
}

static void test_a_name_that_the_kernel_would_misread_is_refused(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", CALLS("helper"));
	place(&w, "helper", TEXT + 0x900);
	world_refused(&w, "with,comma");
}

static void test_a_function_that_was_not_matched_is_not_redirected(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", CALLS("kfree"));
	place(&w, "kfree", TEXT + 0x100);
	placement_of(&w, "old_function")->how = BIND_DERIVED;
	world_refused(&w, "old_function");
}

static void test_vmlinux_code_cannot_use_what_a_module_exports(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", CALLS("of_module"));
	w.x.outside.v[0].before = NULL;
	world_refused(&w, "drivers/net/some-driver");
}

static void test_a_table_that_refers_to_a_module_is_refused(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "some_driver",
		   "extern int helper;\n"
		   "int old_function(void) { return 1; }\n"
		   "__attribute__((section(\"__bug_table\"), used)) static int *key = &helper;\n");
	place(&w, "helper", TEXT + 0x300);
	world_refused(&w, "__bug_table refers to helper of the module some_driver");
}

static void test_code_that_is_replaced_at_load_may_not_wait_for_a_module(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "some_driver",
		   "int old_function(void) { asm volatile(\"661: call helper\\n662:\\n"
		   ".pushsection .altinstructions,\\\"a\\\"\\n"
		   ".long 661b - .\\n.long 661b - .\\n.word 7\\n.byte 662b-661b\\n.byte 0\\n"
		   ".popsection\"); return 1; }\n");
	place(&w, "helper", TEXT + 0x300);
	world_refused(&w, "is replaced when the patch loads");
}

static void test_the_same_code_may_call_vmlinux(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux",
		   "int old_function(void) { asm volatile(\"661: call helper\\n662:\\n"
		   ".pushsection .altinstructions,\\\"a\\\"\\n"
		   ".long 661b - .\\n.long 661b - .\\n.word 7\\n.byte 662b-661b\\n.byte 0\\n"
		   ".popsection\"); return 1; }\n");
	place(&w, "helper", TEXT + 0x300);
	ok(world_link(&w));
}

static void test_a_relocation_that_the_loader_does_not_know_is_refused_by_name(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(
		&w, "vmlinux",
		"int old_function(void) { asm volatile(\"1: .word 0\\n.reloc 1b, R_X86_64_16, kfree\"); "
		"return 1; }\n");
	place(&w, "kfree", TEXT + 0x100);
	world_refused(&w, "does not know relocations of type 12");
}

static void test_a_symbol_of_the_extraction_that_is_not_listed_is_refused(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", CALLS("kfree"));
	w.x.outside.n = 0;
	world_refused(&w, "kfree, which is not part of the module");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_reference_without_a_binding_is_refused_with_the_reason),
		cmocka_unit_test(test_a_place_without_a_symbol_is_refused),
		cmocka_unit_test(test_what_is_gone_after_boot_is_refused),
		cmocka_unit_test(test_address_zero_is_refused),
		cmocka_unit_test(test_a_name_that_the_kernel_would_misread_is_refused),
		cmocka_unit_test(test_a_function_that_was_not_matched_is_not_redirected),
		cmocka_unit_test(test_vmlinux_code_cannot_use_what_a_module_exports),
		cmocka_unit_test(test_a_table_that_refers_to_a_module_is_refused),
		cmocka_unit_test(test_code_that_is_replaced_at_load_may_not_wait_for_a_module),
		cmocka_unit_test(test_the_same_code_may_call_vmlinux),
		cmocka_unit_test(
			test_a_relocation_that_the_loader_does_not_know_is_refused_by_name),
		cmocka_unit_test(test_a_symbol_of_the_extraction_that_is_not_listed_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

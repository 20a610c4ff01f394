// SPDX-License-Identifier: GPL-2.0-or-later
/* The linked module itself: its sections, its bytes. */
#include "livepatch_world.h"

static const char several_sections[] =
	"void kfree(const void *); static int counter = 3; static char room[64];\n"
	"int old_function(void) { static const char *const s[2] = { \"one\", \"two\" };\n"
	"	kfree(s[counter & 1]); room[1]++; return counter; }\n"
	"int second(void) { return old_function() + room[2]; }\n";

static void test_sections_of_one_name_become_one_and_references_follow(void **state)
{
	struct world w __cleanup_world = { 0 };
	const struct section *funcs;
	const struct symbol *second;

	(void)state;
	world_make(&w, "vmlinux", several_sections);
	place(&w, "kfree", TEXT + 0x100);
	ok(world_link(&w));
	assert_null(object_section(w.out, ".text.second"));
	second = object_symbol(w.out, "second");
	assert_non_null(second);
	assert_string_equal(second->section->name, ".text");
	assert_int_equal(second->bind, STB_LOCAL);
	assert_true(second->value > 0);
	assert_non_null(object_section(w.out, ".rodata"));
	assert_non_null(object_section(w.out, ".bss"));
	assert_null(object_section(w.out, ".suture.layout"));
	funcs = object_section(w.out, ".suture.funcs");
	assert_non_null(funcs);
	assert_int_equal(funcs->size, sizeof(struct suture_func_record));
	assert_non_null(reloc_to(w.out, ".suture.funcs", "old_function"));
	assert_string_equal((char *)object_section(w.out, ".suture.names")->bytes, "old_function");
	assert_string_equal((char *)object_section(w.out, ".gnu.linkonce.this_module")->bytes + 8,
			    "suture_test");
}

static void test_the_same_inputs_make_the_same_bytes(void **state)
{
	struct strbuf bytes[2] = { { 0 }, { 0 } };
	char ids[2][41];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world w __cleanup_world = { 0 };
		char *path __free = str_printf("%s/out%d.ko", dir.path, i);

		world_make(&w, "vmlinux", several_sections);
		place(&w, "kfree", TEXT + 0x100);
		ok(world_link(&w));
		ok(object_write(w.out, path));
		ok(file_read(path, &bytes[i]));
		memcpy(ids[i], w.account->build_id, sizeof(ids[i]));
	}
	assert_int_equal(bytes[0].n, bytes[1].n);
	assert_memory_equal(bytes[0].s, bytes[1].s, bytes[0].n);
	assert_string_equal(ids[0], ids[1]);
	strbuf_free(&bytes[0]);
	strbuf_free(&bytes[1]);
}

static void test_another_constant_makes_another_build_id(void **state)
{
	struct world w __cleanup_world = { 0 }, v __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", "void kfree(void); int old_function(void) { return 1; }");
	ok(world_link(&w));
	world_make(&v, "vmlinux", "void kfree(void); int old_function(void) { return 2; }");
	ok(world_link(&v));
	assert_string_not_equal(w.account->build_id, v.account->build_id);
}

static void test_fields_of_relocations_are_zero(void **state)
{
	struct world w __cleanup_world = { 0 };
	const struct reloc *r;
	uint32_t field;

	(void)state;
	world_make(&w, "vmlinux", CALLS("unexported"));
	place(&w, "unexported", TEXT + 0x800);
	r = reloc_to(w.object, ".text.old_function", "unexported");
	memset(object_section(w.object, ".text.old_function")->bytes + r->offset, 0x5a, 4);
	ok(world_link(&w));
	r = reloc_to(w.out, ".klp.rela.vmlinux..text", ".klp.sym.vmlinux.unexported,0");
	memcpy(&field, object_section(w.out, ".text")->bytes + r->offset, sizeof(field));
	assert_int_equal(field, 0);
}

static void test_a_module_name_that_the_kernel_cannot_take_is_refused(void **state)
{
	static const char *const names[] = {
		"",    "a-b", "A",
		"a.b", "a b", "a1234567890123456789012345678901234567890123456789012345"
	};
	struct target t = { .tree = "/nonexistent" };
	struct livepatch_account *a = NULL;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct livepatch_request request = { .name = names[i] };

		expect_error(livepatch_link(&t, &request, NULL, 0, "/nonexistent/x", &a),
			     "can't be a module's name");
	}
}

static void test_module_symvers_that_make_no_sense_are_refused(void **state)
{
	static const char *const bad[] = {
		"0x1\ta\tvmlinux\tEXPORT_SYMBOL\n",  "0x1\ta\tvmlinux\tEXPORT_SYMBOL\t\t\n",
		"x\ta\tvmlinux\tEXPORT_SYMBOL\t\n",  "0x100000000\ta\tvmlinux\tEXPORT_SYMBOL\t\n",
		"0x1\t\tvmlinux\tEXPORT_SYMBOL\t\n", "0x1\ta\tv\tE\t\n0x1\ta\tv\tE\t\n"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct symvers s __cleanup_symvers = { 0 };

		expect_error(symvers_parse(bad[i], &s), "line");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sections_of_one_name_become_one_and_references_follow),
		cmocka_unit_test(test_the_same_inputs_make_the_same_bytes),
		cmocka_unit_test(test_another_constant_makes_another_build_id),
		cmocka_unit_test(test_fields_of_relocations_are_zero),
		cmocka_unit_test(test_a_module_name_that_the_kernel_cannot_take_is_refused),
		cmocka_unit_test(test_module_symvers_that_make_no_sense_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

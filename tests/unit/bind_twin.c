// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Twins: two builds that differ in the lengths of branches. What is one keeps its binding,
 * everything else is refused.
 */
#include "bind_world.h"

#include "bind/twin.h"

/* A function with a site as jump labels have it, alternatives for it, a call, data, a cold part. */
#define TEXT(jump, nop, constant, callee, target, datum)                                    \
	"extern int callee(int), other(int); int counter = " datum ", unused;\n"            \
	"static int (*const table[])(int) = { callee, other };\n"                           \
	"__attribute__((noinline)) int tested(int n)\n"                                     \
	"{\n"                                                                               \
	"	asm goto(\"1: " jump " %l[yes]\\n" nop "\" : : : : yes);\n"                 \
	"	for (int i = 0; i < n; i++)\n"                                                    \
	"		n += " callee "(i) * " constant " + counter;\n"                     \
	"	asm goto(\"cmpl $0, counter; " jump " %l[" target "]\" : : : : yes, no);\n" \
	"	return table[n & 1](n);\n"                                                        \
	"yes:\n"                                                                            \
	"	return 2;\n"                                                                      \
	"no:\n"                                                                             \
	"	return n;\n"                                                                      \
	"}\n"                                                                               \
	"int caller(int n) { return tested(n) + 1; }\n"

#define SHORT TEXT("jmp", ".byte 0x66, 0x90", "3", "callee", "yes", "7")
#define NOP5 ".byte 0x0f, 0x1f, 0x44, 0x00, 0x00"

static struct error *adopt(const char *text, struct object **twin)
{
	struct bound b __cleanup_bound = { 0 };
	char *path __free = NULL;
	struct binding binding = { 0 };
	struct error *e;

	ok(tmpdir_make(NULL, &b.dir));
	build(&b, SHORT, NULL);
	path = str_printf("%s/twin.o", b.dir.path);
	compile_snippet(b.dir.path, "c", text, path, (const char *const[4]){ NO_PADDING });
	ok(object_read(path, twin));
	binding.object = b.object;
	e = binding_adopt(&binding, *twin);
	assert_ptr_equal(binding.object, e ? b.object : *twin);
	return e;
}

static void adopted(const char *text)
{
	struct object *twin __cleanup_object = NULL;

	ok(adopt(text, &twin));
}

static void refused(const char *text, const char *word)
{
	struct object *twin __cleanup_object = NULL;
	struct error *e = adopt(text, &twin);

	assert_non_null(e);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
	expect_error(e, word);
}

static void test_the_same_build_is_a_twin(void **state)
{
	(void)state;
	adopted(SHORT);
}

static void test_longer_branches_and_nops_make_a_twin(void **state)
{
	(void)state;
	adopted(TEXT("jmp.d32", ".byte 0x66, 0x90", "3", "callee", "yes", "7"));
	adopted(TEXT("jmp.d32", NOP5, "3", "callee", "yes", "7"));
}

static void test_another_instruction_makes_no_twin(void **state)
{
	(void)state;
	refused(TEXT("jmp.d32", NOP5, "5", "callee", "yes", "7"), "tested");
	refused(TEXT("jne.d32", NOP5, "3", "callee", "yes", "7"), "an instruction");
	refused(TEXT("jmp.d32", "pushfq", "3", "callee", "yes", "7"), "an instruction");
}

static void test_another_destination_makes_no_twin(void **state)
{
	(void)state;
	refused(TEXT("jmp.d32", NOP5, "3", "callee", "no", "7"), "where a branch leads");
}

static void test_another_callee_makes_no_twin(void **state)
{
	(void)state;
	refused(TEXT("jmp.d32", NOP5, "3", "other", "yes", "7"), "differ");
}

static void test_other_data_makes_no_twin(void **state)
{
	(void)state;
	refused(TEXT("jmp.d32", NOP5, "3", "callee", "yes", "8"), "data");
}

static void test_another_symbol_makes_no_twin(void **state)
{
	(void)state;
	refused(SHORT "int more;\n", "different");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_build_is_a_twin),
		cmocka_unit_test(test_longer_branches_and_nops_make_a_twin),
		cmocka_unit_test(test_another_instruction_makes_no_twin),
		cmocka_unit_test(test_another_destination_makes_no_twin),
		cmocka_unit_test(test_another_callee_makes_no_twin),
		cmocka_unit_test(test_other_data_makes_no_twin),
		cmocka_unit_test(test_another_symbol_makes_no_twin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

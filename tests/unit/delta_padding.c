// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kernels with call padding and IBT (objtool --prefix --ibt): nops with a name of their own
 * before each function, and tables that are true for a whole vmlinux only.
 */
#include "delta_pair.h"

/* A function as gcc and objtool leave it; its unwind entries begin with the padding. */
#define FUNCTION(name, n)                                                                \
	"asm(\".section .text." name ",\\\"ax\\\"\\n.balign 16\\n"                       \
	".type __pfx_" name ",@function\\n__pfx_" name ": .fill 16, 1, 0x90\\n"          \
	".size __pfx_" name ",16\\n.globl " name "\\n.type " name ",@function\\n" name   \
	": endbr64\\n1: call __fentry__\\n2: call other\\nmovl $" n ", %eax\\nret\\n"    \
	".size " name ", .-" name "\\n3:\\n"                                             \
	".section __mcount_loc,\\\"a\\\"\\n.quad 1b\\n"                                  \
	".section __patchable_function_entries,\\\"aw\\\"\\n.quad __pfx_" name "\\n"     \
	".section .orc_unwind_ip,\\\"a\\\"\\n.long __pfx_" name " - .\\n.long 3b - .\\n" \
	".section .orc_unwind,\\\"a\\\"\\n.byte 8, 0, 1, 2, 3, 4, 0, 0, 0, 0, 0, 0\\n"   \
	".section .ibt_endbr_seal,\\\"a\\\"\\n.long " name " - .\\n"                     \
	".section .call_sites,\\\"a\\\"\\n.long 2b - .\\n.text\");\n"

#define BEFORE FUNCTION("f", "1") FUNCTION("g", "1")
#define AFTER FUNCTION("f", "2") FUNCTION("g", "1")

static const struct section *extracted(const struct extraction *x, const char *name)
{
	const struct section *s = object_section(x->object, name);

	assert_non_null(s);
	return s;
}

static void test_the_padding_before_a_function_goes_with_it(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	const struct section *text;

	(void)state;
	pair_make(&p, BEFORE, AFTER);
	expect_changed(p.delta, "f");
	ok(delta_extract(p.delta, &x));
	text = extracted(x, ".text.f");
	assert_int_equal(text->size, object_section(p.after, ".text.f")->size);
	assert_int_equal(text->bytes[0], 0x90);
	assert_int_equal(text->bytes[16], 0xf3); /* endbr64 */
	assert_int_equal(object_symbol(x->object, "f")->value, 16);
	assert_int_equal(x->replacements.n, 1);
	assert_ptr_equal(x->replacements.v[0].new, object_symbol(x->object, "f"));
	assert_int_equal(text->relocs.v[0].offset, 16 + 4 + 1);
	assert_null(object_section(x->object, ".text.g"));
}

static void test_unwind_entries_of_the_padding_are_kept(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	const struct section *ip, *text;
	const struct reloc *r;

	(void)state;
	pair_make(&p, BEFORE, AFTER);
	ok(delta_extract(p.delta, &x));
	text = extracted(x, ".text.f");
	ip = extracted(x, ".orc_unwind_ip");
	assert_int_equal(ip->size, 8);
	assert_int_equal(extracted(x, ".orc_unwind")->size, 12);
	r = ip->relocs.v;
	assert_ptr_equal(r[0].symbol->section, text);
	assert_int_equal(r[0].symbol->value + (uint64_t)r[0].addend, 0);
	assert_ptr_equal(r[1].symbol->section, text);
	assert_int_equal(r[1].symbol->value + (uint64_t)r[1].addend, text->size);
}

static void test_the_ftrace_site_behind_an_endbr_is_known(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	const struct reloc *r;

	(void)state;
	pair_make(&p, BEFORE, AFTER);
	assert_null(finding(p.delta, "no-fentry"));
	ok(delta_extract(p.delta, &x));
	r = extracted(x, "__mcount_loc")->relocs.v;
	assert_int_equal(r->symbol->value + (uint64_t)r->addend, 16 + 4);
}

static void test_tables_that_one_object_alone_gets_wrong_are_left_out(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, BEFORE, AFTER);
	ok(delta_extract(p.delta, &x));
	assert_null(object_section(x->object, ".ibt_endbr_seal"));
	assert_null(object_section(x->object, ".call_sites"));
	assert_null(object_section(x->object, "__patchable_function_entries"));
}

static void test_padding_that_is_no_nops_is_not_taken_for_it(void **state)
{
	struct pair p __cleanup_pair = { 0 };
	/* Something of that name that does something. */
	static const char text[] =
		"asm(\".section .text.f,\\\"ax\\\"\\n.globl __pfx_f\\n.type __pfx_f,@function\\n"
		"__pfx_f: pushq %rax\\n.fill 15, 1, 0x90\\n.size __pfx_f,16\\n"
		".globl f\\n.type f,@function\\nf: call __fentry__\\nmovl $1, %eax\\nret\\n"
		".size f, .-f\\n.text\");\n";
	char *other __free = strdup(text);

	(void)state;
	assert_non_null(other);
	strstr(other, "%rax")[2] = 'b';
	strstr(other, "%rbx")[3] = 'x';
	pair_make(&p, text, other);
	expect_finding(p.delta, "no-fentry", "__pfx_f");
	assert_null(item_named(p.delta, "f"));
}

/* The instruction that asm/runtime-const.h makes. */
#define LIMIT                                                                             \
	"static inline unsigned long limit(void) { unsigned long v;\n"                    \
	"asm(\"movabs $0x0123456789abcdef, %0\\n1:\\n\"\n"                                \
	"\".pushsection runtime_ptr_LIMIT,\\\"a\\\"\\n.long 1b - 8 - .\\n.popsection\"\n" \
	": \"=r\"(v)); return v; }\n"

static void test_the_place_of_a_runtime_constant_goes_with_its_code(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	const struct section *s;
	const struct reloc *r;
	uint64_t found;

	(void)state;
	pair_make(
		&p,
		LIMIT
		"int f(long a) { return a < limit() + 1; } int g(long a) { return a < limit(); }",
		LIMIT
		"int f(long a) { return a < limit() + 2; } int g(long a) { return a < limit(); }");
	expect_changed(p.delta, "f");
	ok(delta_extract(p.delta, &x));
	s = extracted(x, "runtime_ptr_LIMIT");
	assert_int_equal(s->size, 4);
	r = s->relocs.v;
	assert_ptr_equal(r->symbol->section, extracted(x, ".text.f"));
	memcpy(&found, r->symbol->section->bytes + r->symbol->value + r->addend, sizeof(found));
	assert_true(found == 0x0123456789abcdef);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_padding_before_a_function_goes_with_it),
		cmocka_unit_test(test_unwind_entries_of_the_padding_are_kept),
		cmocka_unit_test(test_the_ftrace_site_behind_an_endbr_is_known),
		cmocka_unit_test(test_tables_that_one_object_alone_gets_wrong_are_left_out),
		cmocka_unit_test(test_padding_that_is_no_nops_is_not_taken_for_it),
		cmocka_unit_test(test_the_place_of_a_runtime_constant_goes_with_its_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tables about code, in the forms that kernels from 3.10 to 7.2 and their compilers give them.
 * Each text has two functions with an entry each, so that entries must be told apart.
 */
#include "delta_pair.h"
#include "warnings.h"

/* Two functions with one asm() statement each; f() returns n. */
#define USERS(statement, n)                                            \
	"int sink(int, const void *);\n"                               \
	"int f(int *p) { " statement " return " n " + sink(1, p); }\n" \
	"int g(int *p) { " statement " return sink(2, p); }\n"

static const struct section *table_of(const struct extraction *x, const char *name, uint64_t size,
				      size_t relocs)
{
	const struct section *s = object_section(x->object, name);

	assert_non_null(s);
	assert_int_equal(s->size, size);
	assert_int_equal(s->relocs.n, relocs);
	return s;
}

/* f() changes; of the table its entry is kept, and the same text twice is no change. */
static void expect_entry(const char *before, const char *after, const char *table, uint64_t size,
			 size_t relocs)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 }, same __cleanup_pair = { 0 };

	pair_make(&same, before, before);
	expect_nothing(same.delta);
	pair_make(&p, before, after);
	expect_changed(p.delta, "f");
	ok(delta_extract(p.delta, &x));
	table_of(x, table, size, relocs);
}

/* --- exceptions ----------------------------------------------------------------- */

#define LOAD "1: mov (%0), %%eax\\n2:\\n"
#define FIXUP(code) PUSH(".fixup,\\\"ax\\\"") "3: mov $" code ", %%eax\\njmp 2b\\n" POP "\\n"
#define EX(fixup, handler) \
	PUSH("__ex_table,\\\"a\\\"") ".long 1b - .\\n.long " fixup " - .\\n" handler POP
#define ASM(text) "asm volatile(\"" text "\" : : \"r\"(p) : \"eax\");"

#define EX_38 ASM(LOAD FIXUP("-14") EX("3b", ""))			 /* 3.8 to 4.5 */
#define EX_46 ASM(LOAD FIXUP("-14") EX("3b", ".long ex_handler - .\\n")) /* to 5.15 */
#define EX_516 ASM(LOAD EX("2b", ".long 0x11\\n"))

static void test_exceptions_of_all_kernels_are_cut(void **state)
{
	(void)state;
	expect_entry(USERS(EX_38, "5"), USERS(EX_38, "6"), "__ex_table", 8, 2);
	expect_entry(USERS(EX_46, "5"), USERS(EX_46, "6"), "__ex_table", 12, 3);
	expect_entry(USERS(EX_516, "5"), USERS(EX_516, "6"), "__ex_table", 12, 2);
}

/* Twenty-four bytes and six relocations are three entries here, two there. */
static void test_entries_with_and_without_a_handler_are_told_apart(void **state)
{
	(void)state;
	expect_entry(USERS(EX_38, "5") "int h(int *p) { " EX_38 " return 1; }\n",
		     USERS(EX_38, "6") "int h(int *p) { " EX_38 " return 1; }\n", "__ex_table", 8,
		     2);
	expect_entry("void ex_handler(void) { }\n" USERS(EX_46, "5"),
		     "void ex_handler(void) { }\n" USERS(EX_46, "6"), "__ex_table", 12, 3);
}

static void test_fixup_code_travels_with_the_function_it_is_for(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	const struct section *table, *fixup;

	(void)state;
	pair_make(&p, USERS(EX_46, "5"), USERS(EX_46, "6"));
	ok(delta_extract(p.delta, &x));
	table = table_of(x, "__ex_table", 12, 3);
	fixup = table_of(x, ".fixup", 10, 1);
	assert_ptr_equal(table->relocs.v[1].symbol->section, fixup);
	assert_string_equal(fixup->relocs.v[0].symbol->name, "f");
	assert_null(table->relocs.v[2].symbol->section);
	assert_string_equal(table->relocs.v[2].symbol->name, "ex_handler");
}

static void test_other_fixup_code_is_a_change(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p,
		  "int g(int *p) { " EX_38 " return 1; } int f(int *p) { " EX_38 " return 2; }\n",
		  "int g(int *p) { " EX_38 " return 1; } int f(int *p) { " ASM(
			  LOAD FIXUP("-22") EX("3b", "")) " return 2; }\n");
	expect_changed(p.delta, "f");
}

static void test_another_handler_is_a_change(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "int f(int *p) { " EX_46 " return 2; }\n",
		  "int f(int *p) { " ASM(LOAD FIXUP("-14")
						 EX("3b", ".long other - .\\n")) " return 2; }\n");
	expect_changed(p.delta, "f");
}

/* --- alternatives --------------------------------------------------------------- */

#define ALT(fields)                                                                                                                   \
	ASM("661: nop\\nnop\\nnop\\n662:\\n" PUSH(                                                                                    \
		".altinstr_replacement,\\\"ax\\\"") "663: stac\\n664:\\n" POP                                                         \
						    "\\n" PUSH(                                                                       \
							    ".altinstructions,\\\"a\\\"") ".long 661b - .\\n.long 663b - .\\n" fields \
							    POP)
#define LENGTHS ".byte 662b - 661b\\n.byte 664b - 663b\\n"
#define ALT_3 ALT(".word 9\\n" LENGTHS) /* before 4.0, and 5.12 to 6.2 */
#define ALT_4 ALT(".word 9\\n" LENGTHS ".byte 0\\n")
#define ALT_63 ALT(".4byte 9\\n" LENGTHS)

static void test_alternatives_of_all_kernels_are_cut(void **state)
{
	(void)state;
	expect_entry(USERS(ALT_3, "5"), USERS(ALT_3, "6"), ".altinstructions", 12, 2);
	expect_entry(USERS(ALT_4, "5"), USERS(ALT_4, "6"), ".altinstructions", 13, 2);
	expect_entry(USERS(ALT_4 ALT_4, "5"), USERS(ALT_4 ALT_4, "6"), ".altinstructions", 26, 4);
	expect_entry(USERS(ALT_63, "5"), USERS(ALT_63, "6"), ".altinstructions", 14, 2);
}

static void test_alternatives_of_another_form_are_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
#define ALT_X ALT(".quad 9\\n" LENGTHS)
	pair_make(&p, USERS(ALT_X, "5"), USERS(ALT_X, "6"));
	expect_finding(p.delta, "odd-table", ".altinstructions");
}

/* --- warnings ------------------------------------------------------------------- */

#define BUG(fields, bytes)                                                                \
	"asm volatile(\"1: ud2\\n" PUSH(                                                  \
		"__bug_table,\\\"aw\\\"") "2: .long 1b - 2b\\n" fields ".org 2b + " bytes \
					  "\\n" POP                                       \
					  "\" : : \"i\"(\"dir/file.c\"), \"i\"(__LINE__), \"i\"(\"%d things\"));"
#define BUG_OLD(flags) BUG(".long %c0 - 2b\\n.word %c1, " flags "\\n", "12")
#define BUG_6(flags) BUG(".long %c0 - .\\n.word %c1\\n.word " flags "\\n", "12")
#define BUG_7(flags) BUG(".long %c2 - .\\n.long %c0 - .\\n.word %c1\\n.word " flags "\\n", "16")
#define BUG_TERSE(flags) BUG(".word " flags "\\n", "8")
#define BUG_TERSE_7(flags) BUG(".long %c2 - .\\n.word " flags "\\n", "12")

static void expect_bug_form(const char *text, const char *other_flags, const char *moved)
{
	struct pair same __cleanup_pair = { 0 }, p __cleanup_pair = { 0 };

	pair_make(&same, text, moved);
	expect_nothing(same.delta);
	pair_make(&p, text, other_flags);
	expect_changed(p.delta, "f");
}

static void test_a_warnings_line_may_move_in_all_kernels(void **state)
{
	static const struct {
		const char *text, *moved, *flags;
	} forms[] = {
#define FORM(form)                                                   \
	{ "int f(int *p) {" form("9") " return 1; }\n",              \
	  "/* a\n\n */\nint f(int *p) {" form("9") " return 1; }\n", \
	  "int f(int *p) {" form("265") " return 1; }\n" }
		FORM(BUG_OLD), FORM(BUG_6), FORM(BUG_7), FORM(BUG_TERSE), FORM(BUG_TERSE_7),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		expect_bug_form(forms[i].text, forms[i].flags, forms[i].moved);
}

static void test_warnings_of_all_kernels_are_cut(void **state)
{
	(void)state;
	expect_entry(USERS(BUG_OLD("9"), "5"), USERS(BUG_OLD("9"), "6"), "__bug_table", 12, 2);
	expect_entry(USERS(BUG_6("9"), "5"), USERS(BUG_6("9"), "6"), "__bug_table", 12, 2);
	expect_entry(USERS(BUG_7("9"), "5"), USERS(BUG_7("9"), "6"), "__bug_table", 16, 3);
	expect_entry(USERS(BUG_TERSE("9"), "5"), USERS(BUG_TERSE("9"), "6"), "__bug_table", 8, 1);
}

/* --- code that refers to its own entry (6.19) ------------------------------------- */

#define THREE(result)                                                            \
	SINK FUNCTION("first", WARN("1", "one"), "1")                            \
		FUNCTION("f", WARN("2", "two %d") WARN("3", "three %d"), result) \
			FUNCTION("last", WARN("4", "four"), "1")

static void expect_same(const char *before, const char *after)
{
	struct pair p __cleanup_pair = { 0 };

	pair_make(&p, before, after);
	expect_nothing(p.delta);
}

static void test_a_reference_to_an_own_entry_is_the_same_wherever_that_is(void **state)
{
	(void)state;
	expect_same(THREE("5"), THREE("5"));
	expect_same(THREE("5"), "/* a\n\n */\n" THREE("5"));
}

/* What is left of the table moves; the functions behind are the same. */
static void test_an_entry_less_before_it_is_no_change_of_what_code_refers_to(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, THREE("5"),
		  SINK FUNCTION("first", "", "1")
			  FUNCTION("f", WARN("2", "two %d") WARN("3", "three %d"), "5")
				  FUNCTION("last", WARN("4", "four"), "1"));
	expect_changed(p.delta, "first");
}

static void test_another_format_in_the_entry_is_a_change(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, SINK FUNCTION("f", WARN("1", "one"), "1"),
		  SINK FUNCTION("f", WARN("1", "two"), "1"));
	expect_changed(p.delta, "f");
}

/* The same code, the same table: only which entry the code means is another. */
static void test_another_entry_of_its_own_is_a_change(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, SINK FUNCTION("f", WARN("1", "one") WARN_OF("2", "2", "0", "two"), "1"),
		  SINK FUNCTION("f", WARN("1", "one") WARN_OF("2", "1", "0", "two"), "1"));
	expect_changed(p.delta, "f");
}

/* Where the relocation leads, counted in the table, from a lea. */
static uint64_t led_to(const struct section *code, const struct section *table, size_t nth)
{
	vec_for_each(&code->relocs, r)
		if (r->symbol->section == table && !nth--)
			return r->symbol->value + (uint64_t)r->addend + 4;
	fail_msg("no such reference");
	return 0;
}

static const char *format_at(const struct section *table, uint64_t entry)
{
	const struct reloc *r = &table->relocs.v[section_reloc_at(table, entry + 4)];

	return (const char *)r->symbol->section->bytes + r->symbol->value + r->addend;
}

static void test_included_code_refers_to_its_entry_in_the_new_table(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	const struct section *table, *code;

	(void)state;
	pair_make(&p, THREE("5"), THREE("6"));
	expect_changed(p.delta, "f");
	ok(delta_extract(p.delta, &x));
	table = table_of(x, "__bug_table", 32, 6);
	code = object_section(x->object, ".text.f");
	assert_int_equal(led_to(code, table, 0), 0);
	assert_int_equal(led_to(code, table, 1), 16);
	assert_string_equal(format_at(table, 0), "two %d");
	assert_string_equal(format_at(table, 16), "three %d");
	assert_int_equal(led_to(object_section(p.after, ".text.f"),
				object_section(p.after, "__bug_table"), 0),
			 16);
	vec_for_each(&x->outside, o)
		assert_false(str_equal(o->symbol->name, "__bug_table"));
}

/* f() and its neighbour change; what is left out lies between their entries. */
static void test_entries_left_out_between_are_counted(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	const struct section *table;

	(void)state;
#define APART(n)                                                                         \
	SINK FUNCTION("first", WARN("1", "one"), n) FUNCTION("f", WARN("2", "two"), "1") \
		FUNCTION("last", WARN("3", "three"), n)
	pair_make(&p, APART("5"), APART("6"));
	ok(delta_extract(p.delta, &x));
	table = table_of(x, "__bug_table", 32, 6);
	assert_int_equal(led_to(object_section(x->object, ".text.first"), table, 0), 0);
	assert_int_equal(led_to(object_section(x->object, ".text.last"), table, 0), 16);
	assert_string_equal(format_at(table, 16), "three");
}

static void expect_odd(const char *before, const char *after)
{
	struct pair p __cleanup_pair = { 0 };

	pair_make(&p, before, after);
	expect_finding(p.delta, "odd-reference", "f");
}

static void test_a_reference_to_another_functions_entry_is_refused(void **state)
{
	(void)state;
#define STRANGER(n)                                   \
	SINK FUNCTION("first", WARN("1", "one"), "1") \
		FUNCTION("f", WARN_OF("2", "1", "0", "two"), n)
	expect_same(STRANGER("5"), STRANGER("5"));
	expect_odd(STRANGER("5"), STRANGER("6"));
}

static void test_a_reference_into_the_middle_of_an_entry_is_refused(void **state)
{
	(void)state;
#define MIDDLE(n)                                     \
	SINK FUNCTION("first", WARN("1", "one"), "1") \
		FUNCTION("f", WARN_OF("2", "2", "4", "two"), n)
	expect_odd(MIDDLE("5"), MIDDLE("6"));
	expect_odd(SINK FUNCTION("f", WARN_OF("2", "2", "16", "two"), "5"),
		   SINK FUNCTION("f", WARN_OF("2", "2", "16", "two"), "6"));
}

static void test_a_reference_to_an_entry_of_another_table_is_refused(void **state)
{
	(void)state;
#define RETRY(n)                                                                                     \
	SINK "int f(int *p) { const void *at; asm volatile(\"lea 9f(%%rip), %1\\n1: mov (%0), "      \
	     "%%eax\\n2:\\n" PUSH(                                                                   \
		     "__ex_table,\\\"a\\\"") "9: .long 1b - .\\n.long 2b - .\\n.long 3\\n" POP       \
					     "\" : : \"r\"(p), \"r\"(at) : \"eax\"); return sink(" n \
					     ", at); }\n"
	expect_odd(RETRY("5"), RETRY("6"));
}

/* --- others --------------------------------------------------------------------- */

#define PARA                                                  \
	ASM("771: call *(%0)\\n772:\\n" PUSH(                 \
		".parainstructions,\\\"a\\\"") ".balign 8\\n" \
					       ".quad 771b\\n.byte 3\\n.byte 772b - 771b\\n.short 1\\n" POP)

static void test_a_last_entry_without_its_padding_is_an_entry(void **state)
{
	static const char last[] = "int h(int *p) { " PARA " return 5; }\n";
	static const char changed[] = "int h(int *p) { " PARA " return 6; }\n";
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	char before[2048], after[2048];

	(void)state;
	expect_entry(USERS(PARA, "5"), USERS(PARA, "6"), ".parainstructions", 16, 1);
	snprintf(before, sizeof(before), "%s%s", USERS(PARA, "5"), last);
	snprintf(after, sizeof(after), "%s%s", USERS(PARA, "5"), changed);
	pair_make(&p, before, after);
	expect_changed(p.delta, "h");
	assert_int_equal(object_section(p.after, ".parainstructions")->size, 2 * 16 + 12);
	ok(delta_extract(p.delta, &x));
	table_of(x, ".parainstructions", 16, 1);
}

#define KEY "extern char key[];\n"
#define JUMP(fields)                                                                           \
	"asm goto(\"1: .byte 0x0f,0x1f,0x44,0,0\\n" PUSH("__jump_table,\\\"aw\\\"") fields POP \
		"\" : : \"i\"(key) : : l_yes); if (0) l_yes: return 7;"
#define JUMP_OLD JUMP(".quad 1b, %l[l_yes], %c0\\n")
#define JUMP_419 JUMP(".long 1b - .\\n.long %l[l_yes] - .\\n.quad %c0 - .\\n")

static void test_jump_labels_of_all_kernels_are_cut(void **state)
{
	(void)state;
	expect_entry(KEY USERS(JUMP_OLD, "5"), KEY USERS(JUMP_OLD, "6"), "__jump_table", 24, 3);
	expect_entry(KEY USERS(JUMP_419, "5"), KEY USERS(JUMP_419, "6"), "__jump_table", 16, 3);
}

static void test_a_size_that_debug_information_denies_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
#define OTHER "struct alt_instr { int a, b; char c[12]; } of_another_form;\n"
	pair_make(&p, OTHER USERS(ALT_3, "5"), OTHER USERS(ALT_3, "6"));
	expect_finding(p.delta, "odd-table", ".altinstructions");
}

static void test_a_table_that_is_not_understood_must_not_change(void **state)
{
	struct pair p __cleanup_pair = { 0 }, same __cleanup_pair = { 0 };

	(void)state;
#define ODD(n)                                   \
	"int f(int *p) { " ASM("1: nop\\n" PUSH( \
		"__ex_table,\\\"a\\\"") ".long 1b - ., " n "\\n" POP) " return 1; }\n"
	pair_make(&same, ODD("5"), ODD("5"));
	expect_nothing(same.delta);
	pair_make(&p, ODD("5"), ODD("6"));
	expect_finding(p.delta, "odd-table", "__ex_table");
}

#define NOTRACE "__attribute__((no_instrument_function)) "

static void test_a_call_of_fentry_counts_where_no_table_lists_the_sites_yet(void **state)
{
	static const char *const fentry[4] = { "-pg", "-mfentry" };
	static const char *const mcount[4] = { "-pg" };
	struct pair listed __cleanup_pair = { 0 }, notrace __cleanup_pair = { 0 };
	struct pair late __cleanup_pair = { 0 };

	(void)state;
	pair_make_by(&listed, "gcc", "int f(void) { return 5; }\n", "int f(void) { return 6; }\n",
		     fentry);
	expect_changed(listed.delta, "f");
	pair_make_by(&notrace, "gcc", NOTRACE "int f(void) { return 5; }\n",
		     NOTRACE "int f(void) { return 6; }\n", fentry);
	expect_finding(notrace.delta, "no-fentry", "f");
	pair_make_by(&late, "gcc", "int f(void) { return 5; }\n", "int f(void) { return 6; }\n",
		     mcount);
	expect_finding(late.delta, "no-fentry", "f");
}

/* recordmcount names all places of a section by its first function. */
static void test_a_site_named_by_another_function_is_found(void **state)
{
	static const char *const flags[4] = { "-pg", "-mfentry", "-fno-function-sections" };
	struct pair p __cleanup_pair = { 0 };

	(void)state;
#define SITES                                                                        \
	"asm(\".pushsection __mcount_loc,\\\"a\\\"\\n.quad f\\n.quad f + (g - f)\\n" \
	".popsection\");\n"
	pair_make_by(&p, "gcc", "int f(void) { return 5; } int g(void) { return 6; }\n" SITES,
		     "int f(void) { return 5; } int g(void) { return 7; }\n" SITES, flags);
	expect_changed(p.delta, "g");
}

/* The name is as short as the place where the reference lies. */
static void test_a_name_counted_from_the_entrys_start_is_the_whole_name(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
#define SHORT_NAME(name)                                                                   \
	"void f(void) { asm volatile(\"1: ud2\\n" PUSH(                                    \
		"__bug_table,\\\"aw\\\"") "2: .long 1b - 2b, %c0 - 2b\\n.word 7, 9\\n" POP \
					  "\" : : \"i\"(\"" name "\")); }\n"               \
					  "int g(int x) { return x + 1; }\n"
	pair_make(&p, SHORT_NAME("a.c"), SHORT_NAME("a.c"));
	expect_nothing(p.delta);
	pair_free(&p);
	p = (struct pair){ 0 };
	pair_make(&p, SHORT_NAME("one/a.c"), SHORT_NAME("two/a.c"));
	expect_changed(p.delta, "f");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exceptions_of_all_kernels_are_cut),
		cmocka_unit_test(test_entries_with_and_without_a_handler_are_told_apart),
		cmocka_unit_test(test_fixup_code_travels_with_the_function_it_is_for),
		cmocka_unit_test(test_other_fixup_code_is_a_change),
		cmocka_unit_test(test_another_handler_is_a_change),
		cmocka_unit_test(test_alternatives_of_all_kernels_are_cut),
		cmocka_unit_test(test_alternatives_of_another_form_are_refused),
		cmocka_unit_test(test_a_warnings_line_may_move_in_all_kernels),
		cmocka_unit_test(test_warnings_of_all_kernels_are_cut),
		cmocka_unit_test(test_a_reference_to_an_own_entry_is_the_same_wherever_that_is),
		cmocka_unit_test(test_an_entry_less_before_it_is_no_change_of_what_code_refers_to),
		cmocka_unit_test(test_another_format_in_the_entry_is_a_change),
		cmocka_unit_test(test_another_entry_of_its_own_is_a_change),
		cmocka_unit_test(test_included_code_refers_to_its_entry_in_the_new_table),
		cmocka_unit_test(test_entries_left_out_between_are_counted),
		cmocka_unit_test(test_a_reference_to_another_functions_entry_is_refused),
		cmocka_unit_test(test_a_reference_into_the_middle_of_an_entry_is_refused),
		cmocka_unit_test(test_a_reference_to_an_entry_of_another_table_is_refused),
		cmocka_unit_test(test_a_last_entry_without_its_padding_is_an_entry),
		cmocka_unit_test(test_jump_labels_of_all_kernels_are_cut),
		cmocka_unit_test(test_a_size_that_debug_information_denies_is_refused),
		cmocka_unit_test(test_a_table_that_is_not_understood_must_not_change),
		cmocka_unit_test(test_a_call_of_fentry_counts_where_no_table_lists_the_sites_yet),
		cmocka_unit_test(test_a_site_named_by_another_function_is_found),
		cmocka_unit_test(test_a_name_counted_from_the_entrys_start_is_the_whole_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

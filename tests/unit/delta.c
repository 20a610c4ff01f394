// SPDX-License-Identifier: GPL-2.0-or-later
/* What counts as a change, what does not, and what comes with it. */
#include "delta_pair.h"

static void test_the_same_source_twice_is_no_change(void **state)
{
	static const char text[] = "int say(const char *);\nstatic int n;\n"
				   "int f(void) { return say(\"hello\") + n++; }\n";
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, text, text);
	expect_nothing(p.delta);
	assert_int_equal(p.delta->functions, 1);
}

static void test_a_changed_constant_is_told_with_its_place(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "int g(int); int h(int x) { return x; }\nint f(void) { return g(5); }\n",
		  "int g(int); int h(int x) { return x; }\nint f(void) { return g(6); }\n");
	expect_changed(p.delta, "f");
	assert_non_null(strstr(item_named(p.delta, "f")->reason, "constant 0x6 instead of 0x5"));
	assert_non_null(strstr(item_named(p.delta, "f")->file, "snippet"));
	assert_int_equal(item_named(p.delta, "f")->line, 2);
	assert_ptr_equal(item_named(p.delta, "f")->old, object_symbol(p.before, "f"));
}

static void test_another_callee_is_told_by_name(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "int foo(void); int bar(void); int f(void) { return foo() + 1; }\n",
		  "int foo(void); int bar(void); int f(void) { return bar() + 1; }\n");
	expect_changed(p.delta, "f");
	assert_non_null(strstr(item_named(p.delta, "f")->reason, "calls bar instead of foo"));
}

/* The line goes to a function, and into tables like those of WARN() and pr_debug(). */
#define LINES                                                                           \
	"void warn(const char *, int);\n"                                               \
	"struct record { const char *file; unsigned int line : 18, flags : 14; };\n"    \
	"void dbg(struct record *);\n"                                                  \
	"static inline __attribute__((always_inline)) void in(int l)\n"                 \
	"{ warn(\"inline\", l); }\n"                                                    \
	"#define WARN() asm volatile(\"1: ud2\\n.pushsection __bug_table,\\\"aw\\\"\\n" \
	".long 1b - .\\n.long %c0 - .\\n.word %c1\\n.word 9\\n.popsection\" : : "       \
	"\"i\"(\"file.c\"), \"i\"(__LINE__))\n"                                         \
	"#define DBG() do { static __attribute__((section(\"__dyndbg\"))) struct "      \
	"record descriptor = { \"file.c\", __LINE__, 5 }; dbg(&descriptor); } while (0)\n"
#define LINE_USERS                                                         \
	"void f(int x) { warn(\"here\", __LINE__);\n\n if (x) WARN(); }\n" \
	"void g(void) {\n in(__LINE__); }\n"                               \
	"void h(void) { DBG(); }\n"                                        \
	"#define S2(x) #x\n#define S(x) S2(x)\n"                           \
	"void i(void) { warn(\"file.c:\" S(__LINE__), 1); }\n"

static void test_moved_lines_are_no_change(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, LINES LINE_USERS, LINES "\n\n/* a\n comment */\n" LINE_USERS);
	expect_nothing(p.delta);
}

static void test_a_constant_that_is_no_line_is_a_change(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "void warn(const char *, int);\n void f(void) { warn(\"x\", 400); }\n",
		  "void warn(const char *, int);\n\n void f(void) { warn(\"x\", 401); }\n");
	expect_changed(p.delta, "f");
}

static void test_flags_of_a_warning_are_a_change(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, LINES "void f(void) { WARN(); }\n",
		  LINES "#undef WARN\n#define WARN() asm volatile(\"1: ud2\\n"
			".pushsection __bug_table,\\\"aw\\\"\\n.long 1b - .\\n.long %c0 - .\\n"
			".word %c1\\n.word 8\\n.popsection\" : : \"i\"(\"file.c\"), "
			"\"i\"(__LINE__))\nvoid f(void) { WARN(); }\n");
	expect_changed(p.delta, "f");
}

static void test_a_changed_string_is_a_change_and_its_text_is_copied(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "int say(const char *); int f(void) { return say(\"old text\"); }\n",
		  "int say(const char *); int f(void) { return say(\"new text\"); }\n");
	expect_changed(p.delta, "f");
	assert_non_null(strstr(item_named(p.delta, "f")->reason,
			       "refers to \"new text\" instead of \"old text\""));
	assert_int_equal(count_kind(p.delta, DELTA_COPIED_DATA), 1);
}

static void test_a_string_that_only_moved_is_no_change(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p,
		  "int say(const char *); static const char *const t[] = { \"one\", \"two\" };\n"
		  "int g(int i) { return say(t[i]); }\n"
		  "int f(void) { return say(\"three\"); }\n",
		  "int say(const char *); static const char *const t[] = { \"one\", \"two\" };\n"
		  "int new(void) { return say(\"another\"); }\n"
		  "int g(int i) { return say(t[i]); }\n"
		  "int f(void) { return say(\"three\"); }\n");
	assert_int_equal(p.delta->findings.n, 0);
	assert_int_equal(count_kind(p.delta, DELTA_CHANGED_FUNCTION), 0);
	assert_non_null(item_named(p.delta, "new"));
}

static void test_a_changed_inline_function_changes_all_its_callers(void **state)
{
	static const char users[] = "int f(int x) { return in(x) + 1; }\n"
				    "int g(int x) { return in(x) + 2; }\n"
				    "int h(int x) { return x + 3; }\n";
	char before[512], after[512];
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	snprintf(before, sizeof(before), "static inline int in(int x) { return x * 3; }\n%s",
		 users);
	snprintf(after, sizeof(after), "static inline int in(int x) { return x * 5; }\n%s", users);
	pair_make(&p, before, after);
	assert_int_equal(p.delta->findings.n, 0);
	assert_int_equal(count_kind(p.delta, DELTA_CHANGED_FUNCTION), 2);
	assert_non_null(item_named(p.delta, "f"));
	assert_non_null(item_named(p.delta, "g"));
	assert_null(item_named(p.delta, "h"));
}

/* A person looks for the line in the function that changed, not in what was inlined there. */
static void test_a_change_in_inlined_code_is_told_by_the_line_that_calls_it(void **state)
{
	static const char text[] = "#line 250 \"include/mutex.h\"\n"
				   "int lock(int);\n"
				   "static inline int in(int x)\n"
				   "{ return lock(x + %d) * 3; }\n"
				   "#line 40 \"fs/proc.c\"\n"
				   "int f(int x)\n"
				   "{\n"
				   "	lock(7);\n"
				   "	return in(x);\n"
				   "}\n";
	struct pair p __cleanup_pair = { 0 };
	char before[400], after[400];

	(void)state;
	snprintf(before, sizeof(before), text, 1);
	snprintf(after, sizeof(after), text, 2);
	pair_make(&p, before, after);
	assert_string_equal(item_named(p.delta, "f")->file, "fs/proc.c");
	assert_int_equal(item_named(p.delta, "f")->line, 43);
}

#define NOINLINE "__attribute__((noinline, noclone)) "

static void test_a_new_function_comes_with_who_needs_it(void **state)
{
	struct pair p __cleanup_pair = { 0 };
	const struct delta_item *i;

	(void)state;
	pair_make(&p, "int g(int); int f(int x) { return g(x); }\n",
		  "int g(int); static " NOINLINE "int check(int x) { return g(x) + g(2); }\n"
		  "static " NOINLINE "int unused(int x) { return g(x); }\n"
		  "int f(int x) { return check(x) + g(x); }\n");
	expect_changed(p.delta, "f");
	i = item_named(p.delta, "check");
	assert_non_null(i);
	assert_int_equal(i->kind, DELTA_NEW_FUNCTION);
	assert_ptr_equal(i->needed_by, item_named(p.delta, "f"));
	assert_null(i->old);
	assert_null(item_named(p.delta, "unused"));
}

static void test_an_unchanged_callee_stays_outside(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p,
		  "int g(int); static " NOINLINE "int same(int x) { return g(x) * 2; }\n"
		  "int f(int x) { return same(x) + g(1); }\n",
		  "int g(int); static " NOINLINE "int same(int x) { return g(x) * 2; }\n"
		  "int f(int x) { return same(x) + g(9); }\n");
	expect_changed(p.delta, "f");
	assert_null(item_named(p.delta, "same"));
}

static void test_a_change_in_the_cold_part_changes_the_function(void **state)
{
#define COLD(n)                                                                          \
	"int g(int); __attribute__((cold)) void panic(const char *, int);\n"             \
	"int f(int x) { if (x < 0) { panic(\"negative\", " #n "); g(1); g(2); g(3); }\n" \
	"return g(x); }\n"
	struct pair p __cleanup_pair = { 0 };
	const struct delta_item *cold;

	(void)state;
	pair_make(&p, COLD(1), COLD(2));
	expect_changed(p.delta, "f");
	assert_non_null(strstr(item_named(p.delta, "f")->reason, "in its cold part"));
	cold = item_named(p.delta, "f.cold");
	assert_non_null(cold);
	assert_int_equal(cold->kind, DELTA_COPIED_FUNCTION);
}

/* Functions in one section refer to one another without a relocation. */
static void test_functions_that_share_a_section_are_told_apart(void **state)
{
#define SHARED "__attribute__((section(\".sched.text\"), noinline, noclone)) "
	static const char rest[] = "static " SHARED "int b(int x) { return g(x) + 2; }\n"
				   "int " SHARED "c(int x) { return b(x) + a(x); }\n";
	char before[512], after[512];
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	snprintf(before, sizeof(before),
		 "int g(int); static " SHARED "int a(int x) { return g(x) + 1; }\n%s", rest);
	snprintf(after, sizeof(after),
		 "int g(int); static " SHARED "int a(int x) { return g(x) + g(x * 77) + 1; }\n%s",
		 rest);
	pair_make(&p, before, after);
	expect_changed(p.delta, "a");
}

static void test_a_neighbour_of_the_same_size_is_not_mistaken(void **state)
{
	static const char a[] = "static " SHARED "int a(int x) { return g(x) + 1; }\n";
	static const char b[] = "static " SHARED "int b(int x) { return h(x) + 1; }\n";
	static const char c[] = "int " SHARED "c(int x) { return a(x) * 2; }\n"
				"int " SHARED "d(int x) { return b(x) * 2; }\n";
	char before[512], after[512];
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	snprintf(before, sizeof(before), "int g(int); int h(int);\n%s%s%s", a, b, c);
	snprintf(after, sizeof(after), "int g(int); int h(int);\n%s%s%s", b, a, c);
	pair_make(&p, before, after);
	expect_nothing(p.delta);
}

static void test_a_static_variable_is_the_old_one_whatever_its_number(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	const struct outside *o;

	(void)state;
	pair_make(&p, "int g(int); int f(void) { static int count; return g(count++); }\n",
		  "int g(int); int other(void) { static int count; return g(count += 5); }\n"
		  "int f(void) { static int count; return g(count++) + 1; }\n");
	assert_int_equal(p.delta->findings.n, 0);
	ok(delta_extract(p.delta, &x));
	/* The one that f() counts with is outside, and it is the old one. */
	o = NULL;
	vec_for_each(&x->outside, it)
		if (str_starts(it->symbol->name, "count"))
			o = it;
	assert_non_null(o);
	assert_non_null(o->before);
	assert_true(str_starts(o->before->name, "count"));
	/* That of other() is new. */
	assert_int_equal(count_kind(p.delta, DELTA_NEW_DATA), 1);
}

static void test_statics_of_one_name_are_not_mixed_up(void **state)
{
#define TWO(k)                                                                         \
	"int g(int); int f1(void) { static int count = 1; return g(count++)" k "; }\n" \
	"int f2(void) { static int count = 2; return g(count--); }\n"
	struct pair p __cleanup_pair = { 0 };
	struct extraction *x __cleanup_extraction = NULL;
	const struct symbol *old;
	int value, found = 0;

	(void)state;
	pair_make(&p, TWO(""),
		  "int first(void) { static int a, b, c; return a++ + b++ + c++; }\n" TWO(" + 3"));
	ok(delta_extract(p.delta, &x));
	vec_for_each(&x->outside, o) {
		if (!str_starts(o->symbol->name, "count"))
			continue;
		old = o->before;
		assert_non_null(old);
		memcpy(&value, old->section->bytes + old->value, sizeof(value));
		assert_int_equal(value, 1); /* the one of f1 */
		found++;
	}
	assert_int_equal(found, 1);
}

static void test_a_debug_record_is_copied_for_changed_code(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, LINES "void h(int x) { if (x > 3) DBG(); }\nvoid k(void) { DBG(); }\n",
		  LINES "void h(int x) { if (x > 4) DBG(); }\nvoid k(void) { DBG(); }\n");
	expect_changed(p.delta, "h");
	assert_int_equal(item_starting(p.delta, "descriptor")->kind, DELTA_COPIED_DATA);
}

static void test_other_flags_in_a_debug_record_are_a_change(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, LINES "void h(void) { DBG(); }\n",
		  LINES
		  "#undef DBG\n#define DBG() do { static __attribute__((section(\"__dyndbg\"))) "
		  "struct record descriptor = { \"file.c\", __LINE__, 6 }; dbg(&descriptor); } "
		  "while (0)\nvoid h(void) { DBG(); }\n");
	expect_changed(p.delta, "h");
}

static void test_new_variables_are_included(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "int g(int); int f(void) { return g(1); }\n",
		  "int g(int); static int calls = 7; static const int table[] = { 4, 5, 6 };\n"
		  "int f(void) { return g(1) + calls++ + table[calls & 1]; }\n");
	expect_changed(p.delta, "f");
	assert_int_equal(item_named(p.delta, "calls")->kind, DELTA_NEW_DATA);
}

static void test_objects_for_different_machines_do_not_belong_together(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "int f(void) { return 1; }\n", "int f(void) { return 1; }\n");
	delta_free(&p.delta);
	p.after->machine = EM_AARCH64;
	expect_error(delta_compute(p.before, p.after, &p.delta), "not supported");
}

static void test_the_report_is_valid_json_and_names_its_schema(void **state)
{
	struct pair p __cleanup_pair = { 0 };
	struct strbuf text __cleanup_strbuf = { 0 };
	struct json j;

	(void)state;
	pair_make(&p, "int g(int); int f(void) { return g(5); }\n",
		  "int g(int); int f(void) { return g(6); }\n");
	j = json_begin(&text);
	delta_json(p.delta, &j, NULL);
	ok(json_finish(&j));
	assert_non_null(strstr(strbuf_str(&text), "\"schema\": \"suture-delta/1\""));
	assert_non_null(strstr(strbuf_str(&text), "\"kind\": \"changed-function\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_source_twice_is_no_change),
		cmocka_unit_test(test_a_changed_constant_is_told_with_its_place),
		cmocka_unit_test(test_another_callee_is_told_by_name),
		cmocka_unit_test(test_moved_lines_are_no_change),
		cmocka_unit_test(test_a_constant_that_is_no_line_is_a_change),
		cmocka_unit_test(test_flags_of_a_warning_are_a_change),
		cmocka_unit_test(test_a_changed_string_is_a_change_and_its_text_is_copied),
		cmocka_unit_test(test_a_string_that_only_moved_is_no_change),
		cmocka_unit_test(test_a_changed_inline_function_changes_all_its_callers),
		cmocka_unit_test(test_a_change_in_inlined_code_is_told_by_the_line_that_calls_it),
		cmocka_unit_test(test_a_new_function_comes_with_who_needs_it),
		cmocka_unit_test(test_an_unchanged_callee_stays_outside),
		cmocka_unit_test(test_a_change_in_the_cold_part_changes_the_function),
		cmocka_unit_test(test_functions_that_share_a_section_are_told_apart),
		cmocka_unit_test(test_a_neighbour_of_the_same_size_is_not_mistaken),
		cmocka_unit_test(test_a_static_variable_is_the_old_one_whatever_its_number),
		cmocka_unit_test(test_statics_of_one_name_are_not_mixed_up),
		cmocka_unit_test(test_a_debug_record_is_copied_for_changed_code),
		cmocka_unit_test(test_other_flags_in_a_debug_record_are_a_change),
		cmocka_unit_test(test_new_variables_are_included),
		cmocka_unit_test(test_objects_for_different_machines_do_not_belong_together),
		cmocka_unit_test(test_the_report_is_valid_json_and_names_its_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

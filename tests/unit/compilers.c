// SPDX-License-Identifier: GPL-2.0-or-later
/* Objects as clang makes them, with sanitizers, and without debug information. */
#include "delta_pair.h"

static const char *const clang_flags[4] = { "-w", "-pg", "-mfentry" };
static const char *const bare_flags[4] = { "-g0", "-pg", "-mfentry", "-mrecord-mcount" };

static void clang_pair(struct pair *p, const char *before, const char *after)
{
	pair_make_by(p, "clang", before, after, clang_flags);
}

/* Everything that has a line, a string, a table or a variable of its own. */
#define WORLD                                                                                       \
	"int say(const char *, ...); void use(const void *); void warn(const char *, int);\n"       \
	"struct dbg { const char *mod, *fn, *file, *fmt; unsigned line:18, c:6, flags:8; };\n"      \
	"#define WARN_ONCE(c) do { static _Bool __attribute__((section(\".data..once\"))) "         \
	"__already_done; if ((c) && !__already_done) { __already_done = 1; "                        \
	"warn(__FILE__, __LINE__); } } while (0)\n"                                                 \
	"#define pr_debug(f) do { static struct dbg __attribute__((section(\"__dyndbg\"), "         \
	"aligned(8))) descriptor = { \"m\", __func__, __FILE__, f, __LINE__, 63 }; "                \
	"if (descriptor.flags) say(f, &descriptor); } while (0)\n"                                  \
	"int f(int x) { static int n; n += x; WARN_ONCE(x > 3); pr_debug(\"one\"); "                \
	"WARN_ONCE(x > 9); pr_debug(\"two\"); return n; }\n"                                        \
	"int g(int x) { static int n; int t[40] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };\n"     \
	" use(t); n ^= t[x]; switch (x) { case 0: return 10; case 1: return 22; "                   \
	"case 2: return 3; case 3: return 47; case 4: return 51; } return n; }\n"                   \
	"int h(int x) { switch (x) { case 0: return say(\"a\"); case 1: use(&x); return 2; "        \
	"case 2: return say(\"b\") + 1; case 3: return say(\"c\") * 3; case 4: return say(\"d\"); " \
	"case 5: return say(\"q\"); } return -1; }\n"

static void expect_line_tolerance(const char *compiler, const char *const flags[4])
{
	struct pair moved __cleanup_pair = { 0 };

	pair_make_by(&moved, compiler, WORLD, "\n\n/* a\n */\n" WORLD, flags);
	expect_nothing(moved.delta);
	assert_true(moved.delta->functions == 3);
}

static void test_moved_lines_are_no_change_in_objects_of_clang(void **state)
{
	(void)state;
	expect_line_tolerance("clang", clang_flags);
}

static void test_moved_lines_are_no_change_without_debug_information(void **state)
{
	(void)state;
	expect_line_tolerance("gcc", bare_flags);
}

static void test_a_number_alone_is_no_line(void **state)
{
	static const char number[] = "int pass(int, int); int f(void) { return pass(1, %d); }\n";
	char before[128], after[128];
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	snprintf(before, sizeof(before), number, 400);
	snprintf(after, sizeof(after), number, 406);
	pair_make_by(&p, "gcc", before, after, bare_flags);
	expect_changed(p.delta, "f");
}

#define FILE_AND(n) "void warn(const char *, int);\nvoid f(void) { warn(\"" n "); }\n"

static void test_a_number_beside_the_objects_source_is_a_line(void **state)
{
	struct pair own __cleanup_pair = { 0 }, header __cleanup_pair = { 0 };
	struct pair other __cleanup_pair = { 0 };

	(void)state;
	pair_make_by(&own, "gcc", FILE_AND("x/snippet\", 17"), FILE_AND("x/snippet\", 19"),
		     bare_flags);
	expect_nothing(own.delta);
	pair_make_by(&header, "gcc", FILE_AND("x/list.h\", 17"), FILE_AND("x/list.h\", 19"),
		     bare_flags);
	expect_nothing(header.delta);
	pair_make_by(&other, "gcc", FILE_AND("x/other.c\", 17"), FILE_AND("x/other.c\", 19"),
		     bare_flags);
	expect_changed(other.delta, "f");
}

static void test_each_function_is_told_in_objects_of_clang(void **state)
{
	static const char *const names[] = { "f", "g", "h" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct pair p __cleanup_pair = { 0 };
		char *after __free = strdup(WORLD), *at;
		char start[16];

		assert_non_null(after);
		snprintf(start, sizeof(start), "int %s(int x) {", names[i]);
		at = strstr(after, start);
		assert_non_null(at);
		at = str_printf("%.*s asm volatile(\"nop\"); %s",
				(int)(at - after + (long)strlen(start)), after, at + strlen(start));
		clang_pair(&p, WORLD, at);
		free(at);
		expect_changed(p.delta, names[i]);
	}
}

/* Clang numbers only the second: a new first one takes the name of the old. */
static void test_a_static_that_takes_the_name_of_another_is_not_mistaken_for_it(void **state)
{
	struct pair p __cleanup_pair = { 0 };
	const struct delta_item *i;

	(void)state;
#define TWO "{ static int n; n += x; use(&n); } { static int n; n ^= x; use(&n); }"
	clang_pair(&p, "void use(int *); void f(int x) { " TWO " }\n",
		   "void use(int *); void f(int x) { { static int n; n -= x; use(&n); } " TWO
		   " }\n");
	i = item_starting(p.delta, "f.n");
	assert_non_null(item_named(p.delta, "f"));
	assert_true(!i || finding(p.delta, "ambiguous-static"));
}

static void test_statics_of_one_name_are_told_apart_by_what_they_are(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
#define KINDS "{ static int n; n += x; use(&n); } { static int n = 5; n ^= x; use(&n); }"
	pair_make(&p, "void use(int *); void f(int x) { " KINDS " }\n",
		  "void use(int *); void f(int x) { use(0); " KINDS " }\n");
	expect_changed(p.delta, "f");
	assert_null(item_starting(p.delta, "n."));
}

static void test_records_of_sanitizers_are_no_variables(void **state)
{
	static const char *const ubsan[4] = { "-fsanitize=bounds,shift", "-pg", "-mfentry",
					      "-mrecord-mcount" };
	static const char *const blind[4] = { "-fsanitize=bounds,shift", "-pg", "-mfentry", "-g0" };
#define SHIFTS                                           \
	"int t[9]; int f(int x) { return t[x] << x; }\n" \
	"int g(int x) { return t[x + 1] << (x + 1); }\n"
	struct pair p __cleanup_pair = { 0 }, moved __cleanup_pair = { 0 };
	struct pair bare __cleanup_pair = { 0 }, by_clang __cleanup_pair = { 0 };
	static const char *const clang[4] = { "-w", "-fsanitize=shift", "-pg", "-mfentry" };

	(void)state;
	pair_make_by(&by_clang, "clang", SHIFTS, "\n\n" SHIFTS, clang);
	expect_nothing(by_clang.delta);
	pair_make_by(&moved, "gcc", SHIFTS, "\n\n" SHIFTS, ubsan);
	expect_nothing(moved.delta);
	pair_make_by(&bare, "gcc", SHIFTS, "\n\n" SHIFTS, blind);
	expect_nothing(bare.delta);
	pair_make_by(&p, "gcc", SHIFTS, SHIFTS "int h(int x) { return 5 >> x; }\n", ubsan);
	assert_int_equal(p.delta->findings.n, 0);
	assert_int_equal(count_kind(p.delta, DELTA_CHANGED_FUNCTION), 0);
	assert_non_null(item_named(p.delta, "h"));
}

static void test_frames_that_kasan_describes_may_move(void **state)
{
	static const char *const kasan[4] = { "-fsanitize=kernel-address", "-w",
					      "--param=asan-stack=1",
					      "-fasan-shadow-offset=0xdffffc0000000000" };
#define FRAME(name) \
	"void use(void *); void f(int x) { int a[4];\nlong " name "; use(a); use(&" name "); }\n"
	struct pair moved __cleanup_pair = { 0 }, p __cleanup_pair = { 0 };
	char far[512];

	(void)state;
	snprintf(far, sizeof(far), "%s%s", "\n\n\n\n\n\n\n\n\n\n\n\n", FRAME("b"));
	pair_make_by(&moved, "gcc", FRAME("b"), far, kasan);
	expect_nothing(moved.delta);
	pair_make_by(&p, "gcc", FRAME("b"), FRAME("c"), kasan);
	assert_int_equal(count_kind(p.delta, DELTA_CHANGED_FUNCTION), 1);
}

static void test_a_variable_called_descriptor_is_a_variable(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "int f(int x) { static int descriptor; return descriptor += x; }\n",
		  "int f(int x) { static int descriptor; return descriptor += x + 2; }\n");
	expect_changed(p.delta, "f");
	assert_null(item_starting(p.delta, "descriptor"));
}

#define KCFI(type, nops)                                                                          \
	"asm(\".pushsection .text.f,\\\"ax\\\"\\n.globl __cfi_f, f\\n.type __cfi_f, @function\\n" \
	"__cfi_f: mov $" type ", %eax\\n.size __cfi_f, 5\\n1: .fill 11, 1, 0x90\\n"               \
	".type f, @function\\nf: call __fentry__\\n" nops "ret\\n.size f, . - f\\n.popsection\\n" \
	".pushsection __patchable_function_entries,\\\"awo\\\",@progbits,.text.f\\n.quad 1b\\n"   \
	".popsection\");\n"

static void test_what_lies_before_a_function_belongs_to_it(void **state)
{
	static const char *const flags[4] = { "-pg", "-mfentry" };
	struct pair body __cleanup_pair = { 0 }, type __cleanup_pair = { 0 };

	(void)state;
	pair_make_by(&body, "gcc", KCFI("77", ""), KCFI("77", "nop\\n"), flags);
	expect_finding(body.delta, "kcfi", "f");
	assert_int_equal(body.delta->findings.n, 1); /* padding that is listed is no ftrace site */
	assert_int_equal(body.delta->functions, 1);
	assert_int_equal(count_kind(body.delta, DELTA_CHANGED_FUNCTION), 1);
	pair_make_by(&type, "gcc", KCFI("77", ""), KCFI("78", ""), flags);
	expect_finding(type.delta, "kcfi", "f");
	assert_int_equal(count_kind(type.delta, DELTA_CHANGED_FUNCTION), 1);
	assert_non_null(strstr(item_named(type.delta, "f")->reason, "type"));
}

/* As up to 4.x: flags of WARN_ONCE(), a byte each, side by side. */
static void test_flags_of_warnings_side_by_side_are_no_riddle(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
#define ONCE                                                                                    \
	"{ static _Bool __attribute__((section(\".data.unlikely\"))) __warned; if (!__warned) " \
	"{ __warned = 1; warn(x); } }"
	pair_make(&p, "void warn(int); int f(int x) { " ONCE " x++; " ONCE " return 1; }\n",
		  "void warn(int); int f(int x) { " ONCE " x++; " ONCE " return 2; }\n");
	expect_changed(p.delta, "f");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_moved_lines_are_no_change_in_objects_of_clang),
		cmocka_unit_test(test_moved_lines_are_no_change_without_debug_information),
		cmocka_unit_test(test_a_number_alone_is_no_line),
		cmocka_unit_test(test_a_number_beside_the_objects_source_is_a_line),
		cmocka_unit_test(test_each_function_is_told_in_objects_of_clang),
		cmocka_unit_test(
			test_a_static_that_takes_the_name_of_another_is_not_mistaken_for_it),
		cmocka_unit_test(test_statics_of_one_name_are_told_apart_by_what_they_are),
		cmocka_unit_test(test_records_of_sanitizers_are_no_variables),
		cmocka_unit_test(test_frames_that_kasan_describes_may_move),
		cmocka_unit_test(test_what_lies_before_a_function_belongs_to_it),
		cmocka_unit_test(test_flags_of_warnings_side_by_side_are_no_riddle),
		cmocka_unit_test(test_a_variable_called_descriptor_is_a_variable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

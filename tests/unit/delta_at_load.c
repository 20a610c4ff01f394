// SPDX-License-Identifier: GPL-2.0-or-later
/* What is refused for a module that is loaded, and done for one that is loaded after the patch. */
#include "delta_pair.h"

static void pair_compute(struct pair *p, const struct delta_options *opt)
{
	delta_free(&p->delta);
	ok(delta_compute_as(p->before, p->after, opt, &p->delta));
}

static void pair_at_load(struct pair *p, const char *before, const char *after)
{
	pair_compile(p, before, after);
	pair_compute(p, &(struct delta_options){ .at_load = true });
}

/* One finding, which stands; no data is written. */
static void expect_refused(const struct delta *d, const char *code)
{
	if (delta_refused(d) != 1 || !finding(d, code))
		show_delta(d);
	assert_int_equal(delta_refused(d), 1);
	assert_non_null(finding(d, code));
	assert_null(finding(d, code)->at_load);
}

static void expect_at_load(const struct delta *d, const char *code, const char *where)
{
	const struct delta_finding *f = finding(d, code);

	if (!f || delta_refused(d))
		show_delta(d);
	assert_int_equal(delta_refused(d), 0);
	assert_true(delta_at_load(d));
	assert_non_null(f);
	assert_string_equal(f->where, where);
	assert_non_null(f->at_load);
}

static const struct written *written_named(const struct extraction *x, const char *name)
{
	vec_for_each(&x->written, w)
		if (str_equal(w->name, name))
			return w;
	return NULL;
}

static void test_a_variable_gets_its_new_value_in_place(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	const struct written *w;
	int value;

	(void)state;
	pair_at_load(&p, "int limit = 3;\nint f(void) { return limit; }\n",
		     "int limit = 4;\nint f(void) { return limit; }\n");
	expect_at_load(p.delta, "changed-data", "limit");
	assert_int_equal(item_named(p.delta, "limit")->kind, DELTA_WRITTEN_DATA);
	assert_null(item_named(p.delta, "f"));
	ok(delta_extract(p.delta, &x));
	assert_int_equal(x->written.n, 1);
	w = written_named(x, "limit");
	assert_int_equal(w->contents->size, sizeof(value));
	memcpy(&value, w->contents->bytes, sizeof(value));
	assert_int_equal(value, 4);
	memcpy(&value, w->expected, sizeof(value));
	assert_int_equal(value, 3);
	assert_memory_equal(w->known, "\xff\xff\xff\xff", 4);
	assert_string_equal(w->place->name, "limit");
	assert_null(w->place->section);
	assert_int_equal(w->addend, 0);
	assert_ptr_equal(outside_named(x, "limit")->before, object_symbol(p.before, "limit"));
}

static void test_a_variable_without_an_initial_value_gets_one(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_at_load(&p, "int limit;\n", "int limit = 4;\n");
	expect_at_load(p.delta, "changed-data", "limit");
	ok(delta_extract(p.delta, &x));
	assert_memory_equal(written_named(x, "limit")->expected, "\0\0\0\0", 4);
	assert_int_equal(written_named(x, "limit")->contents->type, SHT_PROGBITS);
}

static void test_a_table_points_to_new_code_and_to_originals(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	const struct written *w;

	(void)state;
	pair_at_load(&p,
		     "int a(void); int c(void) { return a(); }\n"
		     "struct { long x; int (*op)(void), (*o)(void); } const ops = { 7, a, c };\n",
		     "int a(void); int c(void) { return a() + 1; }\n"
		     "static int b(void) { return a() + 2; }\n"
		     "struct { long x; int (*op)(void), (*o)(void); } const ops = { 7, b, c };\n");
	expect_at_load(p.delta, "changed-data", "ops");
	ok(delta_extract(p.delta, &x));
	w = written_named(x, "ops");
	assert_int_equal(w->contents->relocs.n, 2);
	/* b is new; c is redirected, and pointed to where it always was */
	assert_non_null(w->contents->relocs.v[0].symbol->section);
	assert_string_equal(w->contents->relocs.v[1].symbol->name, "c");
	assert_null(w->contents->relocs.v[1].symbol->section);
	assert_memory_equal(w->known, "\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0\0\0\0\0", 16);
}

#define TABLE(rows) "static const long table[] = { " rows " };\n"
#define DRIVER "struct { long x; const long *ids; } driver = { 5, table };\n"

static void test_a_table_that_grew_is_a_new_one_for_those_who_point_to_it(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	const struct written *w;

	(void)state;
	pair_at_load(&p, TABLE("1, 2, 0") DRIVER "const long *f(int i) { return table + i; }\n",
		     TABLE("1, 2, 3, 0") DRIVER "const long *f(int i) { return table + i; }\n");
	expect_at_load(p.delta, "changed-data", "table");
	assert_int_equal(p.delta->findings.n, 1);
	assert_int_equal(item_named(p.delta, "f")->kind, DELTA_CHANGED_FUNCTION);
	assert_int_equal(item_named(p.delta, "driver")->kind, DELTA_WRITTEN_DATA);
	assert_int_equal(item_named(p.delta, "table")->kind, DELTA_COPIED_DATA);
	ok(delta_extract(p.delta, &x));
	assert_null(outside_named(x, "table"));
	w = written_named(x, "driver");
	assert_int_equal(w->contents->relocs.n, 1);
	assert_int_equal(w->contents->relocs.v[0].symbol->section->size, 32);
	assert_null(written_named(x, "table"));
}

static void test_a_table_that_grew_and_that_init_code_uses_is_refused(void **state)
{
	static const char init[] =
		"void reg(const long *);\n"
		"__attribute__((section(\".init.text\"))) void setup(void) { reg(table); }\n";
	char *before __free = str_printf(TABLE("1, 2, 0") "%s", init);
	char *after __free = str_printf(TABLE("1, 2, 3, 0") "%s", init);
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_at_load(&p, before, after);
	expect_refused(p.delta, "changed-data");
}

static void test_what_others_may_refer_to_or_write_to_does_not_move(void **state)
{
	struct pair p __cleanup_pair = { 0 }, q __cleanup_pair = { 0 };

	(void)state;
	pair_at_load(&p, "const long table[] = { 1, 2, 0 };\n" DRIVER,
		     "const long table[] = { 1, 2, 3, 0 };\n" DRIVER);
	expect_refused(p.delta, "changed-data");
	pair_at_load(&q, "static long table[] = { 1, 2, 0 };\n" DRIVER,
		     "static long table[] = { 1, 2, 3, 0 };\n" DRIVER);
	expect_refused(q.delta, "changed-data");
}

static void test_a_table_of_devices_moves_in_spite_of_its_alias(void **state)
{
	static const char alias[] = "extern __typeof__(table) __mod_usb__table_device_table\n"
				    "__attribute__((unused, alias(\"table\")));\n";
	char *before __free = str_printf(TABLE("1, 2, 0") "%s" DRIVER, alias);
	char *after __free = str_printf(TABLE("1, 2, 3, 0") "%s" DRIVER, alias);
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_at_load(&p, before, after);
	expect_at_load(p.delta, "device-table", "table");
}

static void test_data_that_is_not_ordinary_is_refused(void **state)
{
	static const char *const sections[] = { ".data..percpu", ".data..cacheline_aligned",
						".init.data", "__param" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		struct pair p __cleanup_pair = { 0 };
		char *before __free = str_printf(
			"__attribute__((section(\"%s\"))) int limit = 3;\n", sections[i]);
		char *after __free = str_printf("__attribute__((section(\"%s\"))) int limit = 4;\n",
						sections[i]);

		pair_at_load(&p, before, after);
		if (delta_refused(p.delta) != 1)
			show_delta(p.delta);
		assert_int_equal(delta_refused(p.delta), 1);
		assert_false(delta_at_load(p.delta));
	}
}

/* The kernel has its own idea of what a static key is at first. */
static void test_a_static_key_is_refused(void **state)
{
	static const char use[] =
		"int g(void); int f(void)\n"
		"{ __asm__ goto(\"1: .byte 0x0f,0x1f,0x44,0x00,0x00\\n\"\n"
		"\".pushsection __jump_table, \\\"aw\\\"\\n .balign 8\\n\"\n"
		"\".long 1b - ., %l[on] - .\\n .quad key - .\\n .popsection\" : : : : on);\n"
		"return 1; on: return g(); }\n";
	char *before __free = str_printf("struct { int on; void *p; } key = { 0 };\n%s", use);
	char *after __free = str_printf("struct { int on; void *p; } key = { 1 };\n%s", use);
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_at_load(&p, before, after);
	expect_refused(p.delta, "changed-data");
}

static void test_what_is_built_in_or_must_be_loaded_is_refused(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_compile(&p, "int limit = 3;\n", "int limit = 4;\n");
	pair_compute(&p, &(struct delta_options){ .builtin = true, .at_load = true });
	expect_refused(p.delta, "changed-data");
	pair_compute(&p, &(struct delta_options){ 0 });
	expect_refused(p.delta, "changed-data");
}

static void test_what_load_does_not_make_true_is_refused_all_the_same(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_at_load(&p,
		     "int limit = 3; int g(int);\n"
		     "__attribute__((section(\".init.text\"))) int setup(void) { return g(1); }\n",
		     "int limit = 4; int g(int);\n"
		     "__attribute__((section(\".init.text\"))) int setup(void) { return g(2); }\n");
	assert_int_equal(delta_refused(p.delta), 1);
	assert_non_null(finding(p.delta, "init-code"));
	assert_null(finding(p.delta, "init-code")->at_load);
}

#define THING(fields) "struct thing { int a; " fields " int b; };\nint g(int);\n"
#define USE "int f(struct thing *t) { return g(t->b); }\n"

static const char *const debug_flags[4] = { "-pg", "-mfentry", "-mrecord-mcount", "-g" };

static void test_a_layout_changes_for_a_module_that_is_not_there(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_compile_by(&p, "gcc", "#line 1 \"drivers/thing.c\"\n" THING("") USE,
			"#line 1 \"drivers/thing.c\"\n" THING("long c;") USE, debug_flags);
	pair_compute(&p, &(struct delta_options){ .at_load = true });
	expect_at_load(p.delta, "changed-layout", "struct thing");
	pair_compute(&p, &(struct delta_options){ 0 });
	expect_refused(p.delta, "changed-layout");
}

static void test_a_public_type_may_be_that_of_a_module_from_elsewhere(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_compile_by(
		&p, "gcc",
		"#line 1 \"include/linux/thing.h\"\n" THING("") "#line 1 \"thing.c\"\n" USE,
		"#line 1 \"include/linux/thing.h\"\n" THING("long c;") "#line 1 \"thing.c\"\n" USE,
		debug_flags);
	pair_compute(&p, &(struct delta_options){ .at_load = true });
	expect_refused(p.delta, "changed-layout");
}

static void test_which_findings_a_load_can_settle_is_known_by_code(void **state)
{
	(void)state;
	assert_true(delta_code_at_load("changed-data:limit"));
	assert_true(delta_code_at_load("changed-layout"));
	assert_false(delta_code_at_load("changed-dat:limit"));
	assert_false(delta_code_at_load("never-switched:schedule"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_variable_gets_its_new_value_in_place),
		cmocka_unit_test(test_a_variable_without_an_initial_value_gets_one),
		cmocka_unit_test(test_a_table_points_to_new_code_and_to_originals),
		cmocka_unit_test(test_a_table_that_grew_is_a_new_one_for_those_who_point_to_it),
		cmocka_unit_test(test_a_table_that_grew_and_that_init_code_uses_is_refused),
		cmocka_unit_test(test_what_others_may_refer_to_or_write_to_does_not_move),
		cmocka_unit_test(test_a_table_of_devices_moves_in_spite_of_its_alias),
		cmocka_unit_test(test_data_that_is_not_ordinary_is_refused),
		cmocka_unit_test(test_a_static_key_is_refused),
		cmocka_unit_test(test_what_is_built_in_or_must_be_loaded_is_refused),
		cmocka_unit_test(test_what_load_does_not_make_true_is_refused_all_the_same),
		cmocka_unit_test(test_a_layout_changes_for_a_module_that_is_not_there),
		cmocka_unit_test(test_a_public_type_may_be_that_of_a_module_from_elsewhere),
		cmocka_unit_test(test_which_findings_a_load_can_settle_is_known_by_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

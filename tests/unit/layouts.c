// SPDX-License-Identifier: GPL-2.0-or-later
/* Types that two builds lay out differently. */
#include "delta_pair.h"

/* What is said of the type, or NULL. */
static const char *layout_finding(const struct delta *d, const char *type)
{
	vec_for_each(&d->findings, f)
		if (str_equal(f->code, "changed-layout") && (!type || str_equal(f->where, type)))
			return f->what;
	return NULL;
}

/* Some code must differ: types alone do nothing. */
#define USE(value)                                                  \
	"\nint use(struct thing *t) { return t->a + " value "; }\n" \
	"enum shade pick(void) { return DARK; }\n"
#define SHADES "enum shade { LIGHT, DARK };\n"

static void expect(const char *before, const char *after, const char *type, const char *words)
{
	struct pair p __cleanup_pair = { 0 };
	char *a __free = str_printf("%s%s", before, USE("1"));
	char *b __free = str_printf("%s%s", after, USE("2"));
	const char *what;

	pair_make(&p, a, b);
	what = layout_finding(p.delta, type);
	if (!words) {
		if (what)
			print_error("%s\n", what);
		assert_null(what);
	} else {
		assert_non_null(what);
		if (!strstr(what, words))
			fail_msg("\"%s\" does not say \"%s\"", what, words);
	}
}

static void test_a_field_that_was_added_is_refused_with_its_place(void **state)
{
	(void)state;
	expect(SHADES "struct thing { int a; int b; };",
	       SHADES "struct thing { int a; int b; long c; };", "struct thing",
	       "field c was added at byte 8; size 8 bytes, now 16");
}

static void test_a_field_put_into_a_hole_is_refused(void **state)
{
	(void)state;
	expect(SHADES "struct thing { int a; char b; long c; };",
	       SHADES "struct thing { int a; char b; char h; long c; };", "struct thing",
	       "field h was added at byte 5");
}

static void test_a_field_that_moved_is_refused(void **state)
{
	(void)state;
	expect(SHADES "struct thing { int a; int b; };", SHADES "struct thing { int b; int a; };",
	       "struct thing", "field a moved from byte 0 to 4");
}

static void test_a_bit_field_that_grew_is_refused(void **state)
{
	(void)state;
	expect(SHADES "struct thing { int a; unsigned x : 3, y : 1; };",
	       SHADES "struct thing { int a; unsigned x : 4, y : 1; };", "struct thing", "field x");
}

static void test_a_field_of_another_type_is_refused(void **state)
{
	(void)state;
	expect(SHADES "struct thing { int a; int (*f)(int); };",
	       SHADES "struct thing { int a; int (*f)(int, int); };", "struct thing",
	       "field f at byte 8 has another type");
	expect(SHADES "struct thing { int a; unsigned b[2]; };",
	       SHADES "struct thing { int a; float b[2]; };", "struct thing", "field b");
}

static void test_a_change_inside_of_an_unnamed_structure_is_refused(void **state)
{
	(void)state;
	expect(SHADES "struct thing { int a; union { struct { int x, y; }; long z; }; };",
	       SHADES "struct thing { int a; union { struct { int y, x; }; long z; }; };",
	       "struct thing", "an unnamed part of it differs");
}

static void test_an_enumerator_with_another_value_is_refused(void **state)
{
	(void)state;
	expect(SHADES "struct thing { int a; };",
	       "enum shade { LIGHT, GREY, DARK };\nstruct thing { int a; };", "enum shade",
	       "DARK was 1, now 2");
}

static void test_new_types_and_new_enumerators_are_fine(void **state)
{
	(void)state;
	expect(SHADES "struct thing { int a; };",
	       "enum shade { LIGHT, DARK, GREY };\nstruct other { int x; };\n"
	       "struct thing { int a; };\nint other(struct other *o) { return o->x; }\n",
	       NULL, NULL);
}

static void test_the_same_layout_on_other_lines_is_fine(void **state)
{
	(void)state;
	expect(SHADES "typedef int number;\nstruct ring { struct ring *next; };\n"
		      "struct thing { number a; struct ring r; int (*f)(struct thing *); };",
	       "\n\n" SHADES "\nstruct ring { struct ring *next; };\n"
	       "struct thing { const int a; struct ring r; int (*f)(struct thing *); };",
	       NULL, NULL);
}

#define THING(field)                                                                 \
	"struct thing { int a; " field " };\n"                                       \
	"static inline __attribute__((always_inline)) int in(struct thing *t)"       \
	"{ return t->a; }\nint g(int);\nint through(void *p) { return g(in(p)); }\n" \
	"int none(int i) { return g(i); }\nint made(struct thing *const *all) { return g(all[1]->a); }\n"

static void test_who_uses_the_type_is_told(void **state)
{
	struct pair p __cleanup_pair = { 0 };
	const char *what;

	(void)state;
	pair_make(
		&p, THING("") "int use(struct thing *t) { return g(t->a + 1); }\n",
		THING("unsigned long *fresh;") "int use(struct thing *t) { return g(t->a + 2); }\n");
	what = finding(p.delta, "changed-layout")->users;
	assert_non_null(what);
	assert_non_null(strstr(what, "through()"));
	assert_non_null(strstr(what, "made()"));
	assert_non_null(strstr(what, "use()"));
	assert_non_null(strstr(what, "2 of which stay as they are"));
	assert_null(strstr(what, "none()"));
}

static void test_the_shadow_variable_to_write_is_told(void **state)
{
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(
		&p, THING("") "int use(struct thing *t) { return g(t->a + 1); }\n",
		THING("const struct thing *fresh;") "int use(struct thing *t) { return g(t->a + 2); }\n");
	assert_non_null(strstr(finding(p.delta, "changed-layout")->advice,
			       "SUTURE_SHADOW(const struct thing *, fresh, \"FIX\", 1)"));
}

static void test_a_layout_can_be_accepted(void **state)
{
	struct pair p __cleanup_pair = { 0 };
	size_t n = 0;

	(void)state;
	pair_make(&p, THING("") "int use(struct thing *t) { return g(t->a + 1); }\n",
		  THING("int fresh;") "int use(struct thing *t) { return g(t->a + 2); }\n");
	ok(delta_accept(p.delta, "changed-layout:struct thing", "it lives on the stack", &n));
	assert_int_equal(n, 1);
	assert_int_equal(delta_refused(p.delta), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_field_that_was_added_is_refused_with_its_place),
		cmocka_unit_test(test_a_field_put_into_a_hole_is_refused),
		cmocka_unit_test(test_a_field_that_moved_is_refused),
		cmocka_unit_test(test_a_bit_field_that_grew_is_refused),
		cmocka_unit_test(test_a_field_of_another_type_is_refused),
		cmocka_unit_test(test_a_change_inside_of_an_unnamed_structure_is_refused),
		cmocka_unit_test(test_an_enumerator_with_another_value_is_refused),
		cmocka_unit_test(test_new_types_and_new_enumerators_are_fine),
		cmocka_unit_test(test_the_same_layout_on_other_lines_is_fine),
		cmocka_unit_test(test_who_uses_the_type_is_told),
		cmocka_unit_test(test_the_shadow_variable_to_write_is_told),
		cmocka_unit_test(test_a_layout_can_be_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

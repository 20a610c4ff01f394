// SPDX-License-Identifier: GPL-2.0-or-later
/* The extracted object: what is in it, what it refers to, and that other tools take it. */
#include "delta_pair.h"

/* Does what kernel code does: sites in tables, alternatives, a static key, an export. */
#define KERNEL                                                                                    \
	"int g(int); extern struct { long n; } key; extern int feature;\n"                        \
	"#define TABLE(name, flags, text) \".pushsection \" name \",\\\"\" flags \"\\\"\\n\" "    \
	"text \".popsection\\n\"\n"                                                               \
	"#define SITE() asm volatile(\"671: lock incl feature(%%rip)\\n\" "                       \
	"TABLE(\".smp_locks\", \"a\", \".balign 4\\n.long 671b - .\\n\") : : : \"memory\")\n"     \
	"#define LOAD(p) ({ int v_; asm volatile(\"1: movl %1, %0\\n2:\\n\" "                     \
	"TABLE(\"__ex_table\", \"a\", \".balign 4\\n.long 1b - .\\n.long 2b - .\\n.long 3\\n\") " \
	": \"=r\"(v_) : \"m\"(*(p))); v_; })\n"                                                   \
	"#define ALT(n) asm volatile(\"661: .byte 0x90, 0x90, 0x90, 0x90, 0x90\\n662:\\n\" "      \
	"TABLE(\".altinstructions\", \"a\", \".long 661b - .\\n.long 663f - .\\n.word \" n "      \
	"\"\\n.byte 5\\n.byte 664f-663f\\n\") TABLE(\".altinstr_replacement\", \"ax\", "          \
	"\"663: call g\\n664:\\n\"))\n"                                                           \
	"#define ALT0() asm volatile(\"661: .byte 0x90, 0x90\\n662:\\n\" "                        \
	"TABLE(\".altinstructions\", \"a\", \".long 661b - .\\n.long 663f - .\\n.word 9\\n"       \
	".byte 2\\n.byte 664f-663f\\n\") TABLE(\".altinstr_replacement\", \"ax\", "               \
	"\"663:\\n664:\\n\"))\n"                                                                  \
	"#define BRANCH() ({ __label__ yes; int r_ = 0; asm goto(\"1: .byte 0x0f, 0x1f, 0x44, "   \
	"0x00, 0x00\\n\" TABLE(\"__jump_table\", \"aw\", \".balign 8\\n.long 1b - .\\n"           \
	".long %l1 - .\\n.quad %c0 + 1 - .\\n\") : : \"i\"(&key) : : yes); if (0) yes: r_ = 1; "  \
	"r_; })\n"

#define BODY(name, n)                                                                    \
	"int " name "(int *p) { SITE(); ALT(\"" n "\"); if (BRANCH()) return g(" n "); " \
	"return LOAD(p) + g(" n "); }\n"

static size_t rows(const struct object *o, const char *name, size_t size)
{
	const struct section *s = object_section(o, name);

	return s ? s->size / size : 0;
}

static void test_tables_keep_the_entries_of_included_functions_only(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	const struct section *s, *text;

	(void)state;
	pair_make(&p, KERNEL BODY("a", "1") BODY("b", "2") BODY("c", "3"),
		  KERNEL BODY("a", "1") BODY("b", "7") BODY("c", "3"));
	expect_changed(p.delta, "b");
	ok(delta_extract(p.delta, &x));
	text = object_section(x->object, ".text.b");
	assert_int_equal(rows(p.after, ".altinstructions", 12), 3);
	assert_int_equal(rows(x->object, ".smp_locks", 4), 1);
	assert_int_equal(rows(x->object, "__ex_table", 12), 1);
	assert_int_equal(rows(x->object, ".altinstructions", 12), 1);
	assert_int_equal(rows(x->object, ".altinstr_replacement", 5), 1);
	assert_int_equal(rows(x->object, "__jump_table", 16), 1);
	assert_int_equal(rows(x->object, "__mcount_loc", 8), 1);
	assert_null(object_section(x->object, ".text.a"));
	/* Every entry is about b: the code that it names is in .text.b, inside of it. */
	s = object_section(x->object, "__ex_table");
	assert_int_equal(s->relocs.n, 2);
	vec_for_each(&s->relocs, r) {
		assert_ptr_equal(r->symbol->section, text);
		assert_in_range(r->symbol->value + (uint64_t)r->addend, 1, text->size - 1);
	}
	/* The replacement is the one of b. */
	s = object_section(x->object, ".altinstructions");
	assert_int_equal(s->bytes[8], 7);
	assert_ptr_equal(s->relocs.v[1].symbol->section,
			 object_section(x->object, ".altinstr_replacement"));
}

#define RETURN_SITE(label) \
	".pushsection .return_sites,\\\"a\\\"\\n.long " label "b - .\\n.popsection\\n"
#define WITH_TRAMPOLINE(n)                                                                                   \
	"int g(int); asm(\".pushsection .static_call.text,\\\"ax\\\"\\n1: ret\\n.popsection\\n" RETURN_SITE( \
		"1") "\"); int f(int x) { asm volatile(\"2: nop\\n" RETURN_SITE("2") "\"); return g(x) + " n \
										     "; }"

static void test_a_table_may_be_about_trampolines_of_static_calls_too(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, WITH_TRAMPOLINE("1"), WITH_TRAMPOLINE("2"));
	expect_changed(p.delta, "f");
	ok(delta_extract(p.delta, &x));
	assert_int_equal(rows(p.after, ".return_sites", 4), 2);
	assert_int_equal(rows(x->object, ".return_sites", 4), 1);
}

static void test_a_static_key_is_told_to_the_linker(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, KERNEL BODY("b", "2"), KERNEL BODY("b", "7"));
	ok(delta_extract(p.delta, &x));
	assert_int_equal(x->key_sites.n, 1);
	assert_string_equal(x->key_sites.v[0].key->name, "key");
	assert_int_equal(x->key_sites.v[0].key->shndx, SHN_UNDEF);
	assert_string_equal(x->key_sites.v[0].function, "b");
	assert_string_equal(x->key_sites.v[0].table->name, "__jump_table");
}

/* Its address may be where the replacement of another function begins. */
static void test_an_alternative_of_no_bytes_takes_no_replacement_along(void **state)
{
#define EMPTY(n) \
	"int z(int x) { ALT0(); return g(" n "); }\nint y(void) { ALT(\"4\"); return 1; }\n"
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, KERNEL EMPTY("1"), KERNEL EMPTY("2"));
	expect_changed(p.delta, "z");
	ok(delta_extract(p.delta, &x));
	assert_int_equal(rows(x->object, ".altinstructions", 12), 1);
	assert_null(object_section(x->object, ".altinstr_replacement"));
}

static void test_another_kind_of_exception_entry_is_a_change(void **state)
{
	struct pair p __cleanup_pair = { 0 };
	struct section *s;

	(void)state;
	pair_compile(&p, KERNEL BODY("b", "2"), KERNEL BODY("b", "2"));
	s = object_section(p.after, "__ex_table");
	s->bytes[8] = 4;
	ok(delta_compute(p.before, p.after, &p.delta));
	expect_changed(p.delta, "b");
}

static void test_one_more_exception_entry_is_a_change(void **state)
{
#define MORE(text) "int b(int *p) { int v = LOAD(p); " text " return v; }\n"
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, KERNEL MORE("asm volatile(\"\");"),
		  KERNEL MORE("asm volatile(\"1:\\n\" TABLE(\"__ex_table\", \"a\", "
			      "\".balign 4\\n.long 1b - .\\n.long 1b - .\\n.long 3\\n\"));"));
	expect_changed(p.delta, "b");
}

#define NOINLINE "__attribute__((noinline, noclone)) "
#define CALLS(n)                                                                             \
	"int say(const char *); void later(int (*)(int)); extern int shared; int own = 3;\n" \
	"static const char *const names[] = { \"x\", \"y\" };\n"                             \
	"static " NOINLINE "int same(int x) { return say(names[x & 1]); }\n"                 \
	"static " NOINLINE "int helper(int x) { return say(\"text " n "\") + x; }\n"         \
	"int f(int x) { later(helper); return helper(x) + same(x) + shared + own + " n "; }\n"

static void test_calls_stay_inside_and_pointers_lead_to_the_original(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	const struct symbol *new_helper = NULL;
	const struct outside *o;
	struct section *f;

	(void)state;
	pair_make(&p, CALLS("1"), CALLS("2"));
	ok(delta_extract(p.delta, &x));
	assert_int_equal(x->replacements.n, 2);
	vec_for_each(&x->replacements, r)
		if (str_equal(r->old->name, "helper"))
			new_helper = r->new;
	assert_non_null(new_helper);
	assert_non_null(new_helper->section);
	assert_int_equal(new_helper->bind, STB_LOCAL);
	f = object_section(x->object, ".text.f");
	assert_non_null(f);
	/* The call. */
	assert_non_null(reloc_naming(f, new_helper));
	/* The pointer. */
	o = outside_named(x, "helper");
	assert_non_null(o);
	assert_true(o->pointed);
	assert_false(o->called);
	assert_ptr_equal(o->before, object_symbol(p.before, "helper"));
	assert_non_null(reloc_naming(f, o->symbol));
	/* What did not change is outside, and known from before. */
	o = outside_named(x, "same");
	assert_non_null(o);
	assert_true(o->called);
	assert_ptr_equal(o->before, object_symbol(p.before, "same"));
	assert_ptr_equal(outside_named(x, "own")->before, object_symbol(p.before, "own"));
	assert_ptr_equal(outside_named(x, "shared")->before, object_symbol(p.before, "shared"));
	assert_null(object_section(x->object, ".text.same"));
}

static void test_what_is_only_new_is_known_by_name_alone(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, "int g(int); int f(void) { return g(1); }\n",
		  "int g(int); int fresh(int); int f(void) { return g(1) + fresh(2); }\n");
	ok(delta_extract(p.delta, &x));
	assert_non_null(outside_named(x, "fresh"));
	assert_null(outside_named(x, "fresh")->before);
	assert_non_null(outside_named(x, "g")->before);
}

/* The offsets within variables that share a section, behind operands of every size. */
static void test_references_keep_what_they_mean(void **state)
{
#define MEAN(n)                                                                             \
	"struct s { char c; short h; int i; long l; };\n"                                   \
	"#define RM __attribute__((section(\".data..read_mostly\")))\n"                     \
	"static RM struct s first = { 1 }; static RM struct s second = { 2 };\n"            \
	"int g(int); int peek(void) { return first.i + second.i; }\n"                       \
	"void f(void) { g(" n "); second.c = 1; second.h = 0x1234; second.i = 0x12345678; " \
	"second.l = -3; first.l = g(2); }\n"
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	const struct outside *first, *second;
	uint64_t seen = 0;

	(void)state;
	pair_make(&p, MEAN("1"), MEAN("2"));
	expect_changed(p.delta, "f");
	ok(delta_extract(p.delta, &x));
	first = outside_named(x, "first");
	second = outside_named(x, "second");
	assert_ptr_equal(first->before, object_symbol(p.before, "first"));
	assert_ptr_equal(second->before, object_symbol(p.before, "second"));
	vec_for_each(&object_section(x->object, ".text.f")->relocs, r) {
		if (r->symbol == first->symbol)
			assert_int_equal(r->addend, 8 - 4);
		if (r->symbol == second->symbol)
			seen += (uint64_t)(r->addend + 16);
	}
	/* Immediates of 1, 0 (it is in a register), 4 and 4 bytes; each shifted by 16. */
	assert_int_equal(seen, (0 - 5 + 16) + (2 - 4 + 16) + (4 - 8 + 16) + (8 - 8 + 16));
}

static void test_new_neighbours_do_not_shift_references(void **state)
{
#define RM "__attribute__((section(\".data..read_mostly\"))) "
#define NEIGHBOURS(n, more)                                                         \
	"int g(int); " more "static " RM "int one = 1; static " RM "int two = 2;\n" \
	"int peek(void) { return one + two; }\nint f(void) { one = g(" n "); return two; }\n"
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };

	(void)state;
	pair_make(&p, NEIGHBOURS("1", ""),
		  NEIGHBOURS("2", RM "long zero = 5; long " RM "minus = 6; "));
	if (p.delta->findings.n) { /* to refuse is right, a wrong reference is not */
		assert_non_null(finding(p.delta, "ambiguous-reference"));
		return;
	}
	ok(delta_extract(p.delta, &x));
	assert_ptr_equal(outside_named(x, "one")->before, object_symbol(p.before, "one"));
	assert_ptr_equal(outside_named(x, "two")->before, object_symbol(p.before, "two"));
}

static void test_other_tools_take_the_extracted_object(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p __cleanup_pair = { 0 };
	struct strbuf log __cleanup_strbuf = { 0 };
	char *path __free = NULL, *linked __free = NULL;
	struct subprocess ld = { .out = &log, .err = &log }, readelf = ld;

	(void)state;
	pair_make(&p, KERNEL CALLS("1") BODY("b", "2"), KERNEL CALLS("2") BODY("b", "7"));
	ok(delta_extract(p.delta, &x));
	path = str_printf("%s/out.o", p.dir.path);
	linked = str_printf("%s/linked.o", p.dir.path);
	ok(object_write(x->object, path));
	readelf.argv = subprocess_words("readelf", "-aW", path);
	ok(subprocess_check(&readelf));
	assert_null(strstr(strbuf_str(&log), "Warning"));
	ld.argv = subprocess_words("ld", "-r", "-o", linked, path);
	ok(subprocess_check(&ld));
}

static void test_nothing_is_extracted_where_nothing_changed(void **state)
{
	struct extraction *x = NULL;
	struct pair p __cleanup_pair = { 0 };
	struct error *e;

	(void)state;
	pair_make(&p, "int f(void) { return 1; }\n", "int f(void) { return 1; }\n");
	e = delta_extract(p.delta, &x);
	assert_int_equal(error_kind(e), ERROR_NOTHING);
	error_free(&e);
}

static void test_nothing_is_extracted_where_something_is_refused(void **state)
{
	struct extraction *x = NULL;
	struct pair p __cleanup_pair = { 0 };
	struct error *e;

	(void)state;
	pair_make(&p, "int v = 1;\n", "int v = 2;\n");
	e = delta_extract(p.delta, &x);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
	error_free(&e);
	assert_null(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tables_keep_the_entries_of_included_functions_only),
		cmocka_unit_test(test_a_table_may_be_about_trampolines_of_static_calls_too),
		cmocka_unit_test(test_a_static_key_is_told_to_the_linker),
		cmocka_unit_test(test_an_alternative_of_no_bytes_takes_no_replacement_along),
		cmocka_unit_test(test_another_kind_of_exception_entry_is_a_change),
		cmocka_unit_test(test_one_more_exception_entry_is_a_change),
		cmocka_unit_test(test_calls_stay_inside_and_pointers_lead_to_the_original),
		cmocka_unit_test(test_what_is_only_new_is_known_by_name_alone),
		cmocka_unit_test(test_references_keep_what_they_mean),
		cmocka_unit_test(test_new_neighbours_do_not_shift_references),
		cmocka_unit_test(test_other_tools_take_the_extracted_object),
		cmocka_unit_test(test_nothing_is_extracted_where_nothing_changed),
		cmocka_unit_test(test_nothing_is_extracted_where_something_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Binding to programs without symbols: what is there is found, what is not there is not. */
#include "program_world.h"

#include "bind/process.h"
#include "hotpatch/link.h"

static const char unit_text[] =
	"#include <stdio.h>\n#include <string.h>\n"
	"extern int other(int); extern __thread int depth; extern int shared;\n"
	"static int count; static char buffer[64];\n"
	"static int __attribute__((noinline)) helper(int x) { count += x; return count * 3 + shared; }\n"
	"int work(const char *s) { depth++; strcpy(buffer, s); printf(\"%s\\n\", buffer);\n"
	"  return helper((int)strlen(s)) + other(count); }\n"
	"int more(int a, int b) { for (int i = 0; i < b; i++) a = a * 31 + helper(i); return a; }\n";
static const char main_text[] =
	"#include <stdlib.h>\n"
	"__thread int depth; int shared = 5; int work(const char *); int more(int, int);\n"
	"int other(int x) { return x * 7 + atoi(\"3\"); }\n"
	"int main(int c, char **v) { return work(v[0]) + more(c, 3) + other(c); }\n";

static void compile(const char *name, const char *text, const char *out, const char *pic,
		    const char *more)
{
	char *source = in_dir(name);

	ok(file_write(source, text, strlen(text), 0644));
	run((const char *const[]){ "gcc", "-O2", "-g", pic, more, "-c", "-o", in_dir(out), source,
				   NULL });
}

/* app.full with symbols, app without; unit.o as it was, parts.o with sections. */
static void make(const char *pic, const char *link)
{
	compile("unit.c", unit_text, "unit.o", pic, "-O2");
	compile("unit.c", unit_text, "parts.o", pic, "-ffunction-sections");
	compile("main.c", main_text, "main.o", pic, "-O2");
	run((const char *const[]){ "gcc", link, "-Wl,--build-id", "-o", in_dir("app.full"),
				   in_dir("main.o"), in_dir("unit.o"), NULL });
	run((const char *const[]){ "strip", "-o", in_dir("app"), in_dir("app.full"), NULL });
}

static int setup(void **state)
{
	(void)state;
	ok(tmpdir_make(NULL, &dir));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tmpdir_remove(&dir);
	return 0;
}

static void expect_place(const struct binding *b, const char *name, const struct program *full)
{
	const struct symbol *s = object_symbol(b->object, name);
	size_t first;

	assert_non_null(s);
	assert_int_equal(image_symbols_named(full->image, name, &first), 1);
	if (b->placements[s->index].trouble)
		print_error("%s: %s\n", name, b->placements[s->index].trouble);
	assert_int_equal(b->placements[s->index].address,
			 full->image->symbols.v[full->image->name_order.v[first]].address);
}

static void expect_all(const char *pic, const char *link)
{
	static const char *const names[] = { "helper", "work",	 "more", "count",
					     "buffer", "shared", "other" };
	struct program *p __cleanup_program = NULL, *full __cleanup_program = NULL;
	struct object *exact __cleanup_object = NULL, *parts __cleanup_object = NULL;
	struct text_index *index __cleanup_text_index = NULL;
	struct process_binding b __cleanup_process_binding = { 0 };
	const struct placement *strcpy_at;

	make(pic, link);
	ok(program_open(in_dir("app"), &p));
	ok(program_open(in_dir("app.full"), &full));
	assert_false(p->has_names);
	ok(object_read(in_dir("unit.o"), &exact));
	ok(object_read(in_dir("parts.o"), &parts));
	ok(text_index_build(p->image, &index));
	ok(process_bind(exact, parts, p, index, &b));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		expect_place(b.before, names[i], full);
	strcpy_at = &b.before->placements[object_symbol(parts, "strlen")->index];
	if (p->is_static)
		return;
	assert_int_equal(strcpy_at->how, BIND_EXTERNAL);
	assert_true(strcpy_at->stub != 0);
}

static void test_position_independent(void **state)
{
	(void)state;
	expect_all("-fPIE", "-pie");
}

static void test_at_a_fixed_place(void **state)
{
	(void)state;
	expect_all("-fno-pie", "-no-pie");
}

static void test_bound_at_once(void **state)
{
	(void)state;
	expect_all("-fPIE", "-Wl,-z,now");
}

static void test_another_build_is_not_found(void **state)
{
	struct program *p __cleanup_program = NULL;
	struct object *exact __cleanup_object = NULL, *parts __cleanup_object = NULL;
	struct text_index *index __cleanup_text_index = NULL;
	struct process_binding b __cleanup_process_binding = { 0 };
	size_t found, of;

	(void)state;
	make("-fPIE", "-pie");
	compile("unit.c", unit_text, "unit.o", "-fPIE", "-O1");
	ok(program_open(in_dir("app"), &p));
	ok(object_read(in_dir("unit.o"), &exact));
	ok(object_read(in_dir("parts.o"), &parts));
	ok(text_index_build(p->image, &index));
	ok(process_bind(exact, parts, p, index, &b));
	process_binding_found(&b, &found, &of);
	assert_int_equal(found, 0);
	assert_true(of > 0);
}

static void test_a_change_of_one_constant_is_seen(void **state)
{
	static const char from[] = "* 3 + shared", to[] = "* 5 + shared";
	struct program *p __cleanup_program = NULL;
	struct object *exact __cleanup_object = NULL, *parts __cleanup_object = NULL;
	struct text_index *index __cleanup_text_index = NULL;
	struct process_binding b __cleanup_process_binding = { 0 };
	char text[sizeof(unit_text)];

	(void)state;
	make("-fPIE", "-pie");
	memcpy(text, unit_text, sizeof(text));
	memcpy(strstr(text, from), to, strlen(to));
	compile("unit.c", text, "unit.o", "-fPIE", "-O2");
	compile("unit.c", text, "parts.o", "-fPIE", "-ffunction-sections");
	ok(program_open(in_dir("app"), &p));
	ok(object_read(in_dir("unit.o"), &exact));
	ok(object_read(in_dir("parts.o"), &parts));
	ok(text_index_build(p->image, &index));
	ok(process_bind(exact, parts, p, index, &b));
	assert_int_equal(b.before->placements[object_symbol(parts, "helper")->index].how,
			 BIND_NONE);
}

/* One unit linked under a build-id: its path. */
static char *link_as(const char *name, const char *id)
{
	char *option = in_dir(""), *path = in_dir(name);

	snprintf(option, sizeof("-Wl,--build-id=") + strlen(id), "-Wl,--build-id=%s", id);
	run((const char *const[]){ "gcc", "-shared", "-o", path, in_dir("unit.o"), option, NULL });
	return path;
}

static void test_what_is_loaded_is_compared_without_the_build_id(void **state)
{
	struct program *a __cleanup_program = NULL, *b __cleanup_program = NULL;
	struct program *c __cleanup_program = NULL, *d __cleanup_program = NULL;
	const char *where = NULL;

	(void)state;
	compile("unit.c", "int f(int x) { return x * 3; }", "unit.o", "-fPIC", "-O2");
	ok(program_open(link_as("a.so", "0x0123456789abcdef"), &a));
	ok(program_open(link_as("b.so", "0xfedcba9876543210"), &b));
	compile("unit.c", "int f(int x) { return x * 5; }", "unit.o", "-fPIC", "-O2");
	ok(program_open(link_as("c.so", "0x0123456789abcdef"), &c));
	ok(program_open(link_as("d.so", "0x0011223344556677"), &d));
	assert_true(program_same_loaded(a, b, &where));
	assert_false(program_same_loaded(a, c, &where));
	assert_string_equal(where, ".text");
	assert_false(program_same_loaded(a, d, &where));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_position_independent),
		cmocka_unit_test(test_at_a_fixed_place),
		cmocka_unit_test(test_bound_at_once),
		cmocka_unit_test(test_another_build_is_not_found),
		cmocka_unit_test(test_a_change_of_one_constant_is_seen),
		cmocka_unit_test(test_what_is_loaded_is_compared_without_the_build_id),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Debug information for a module: the lines of its code, where the linker put it. */
#include "livepatch_world.h"

#include "livepatch/debug_info.h"

/* Line 4 is in old_function(), line 7 in second(), line 10 in a function that is not taken along.
 */
static const char text[] = "extern volatile int number;\n"
			   "int old_function(void)\n"
			   "{\n"
			   "	return number + 1;\n"
			   "}\n"
			   "int second(void) {\n"
			   "	return number + 2;\n"
			   "}\n"
			   "int left_behind(void) {\n"
			   "	return number + 3;\n"
			   "}\n"
			   "volatile int number = 3;\n";

/* A part that is all of the object but one function. */
static void make_part(struct world *w)
{
	world_make(w, "vmlinux", text);
	w->x.after = w->object;
	vec_for_each(&w->object->sections, it) {
		struct section *s = *it;

		if (s->index && s->flags & SHF_ALLOC && !str_equal(s->name, ".text.left_behind"))
			ok(vec_push(&w->x.pieces, (struct extracted){ s, 0, s->size, s }));
	}
}

static void line_is(const char *debug, const char *section, uint64_t at, const char *want)
{
	struct strbuf said __cleanup_strbuf = { 0 };
	char *address __free = str_printf("0x%llx", (unsigned long long)at);
	struct subprocess p = { .argv = subprocess_words("addr2line", "-e", debug, "-j", section,
							 address),
				.out = &said };

	ok(subprocess_check(&p));
	if (!strstr(strbuf_str(&said), want))
		fail_msg("%s+%s is %s, not %s", section, address, said.s, want);
}

static void test_addresses_in_the_module_are_lines_of_the_source(void **state)
{
	struct world w __cleanup_world = { 0 };
	char *path __free = str_printf("%s/m.ko.debug", dir.path);
	const struct symbol *first, *second;

	(void)state;
	make_part(&w);
	ok(world_link(&w));
	assert_non_null(w.account->debug);
	ok(object_write(w.account->debug, path));
	first = object_symbol(w.out, "old_function");
	second = object_symbol(w.out, "second");
	assert_true(first->value != second->value);
	line_is(path, ".text", first->value, ":4");
	line_is(path, ".text", second->value, ":7");
	line_is(path, ".text", second->value + second->size - 1, ":8");
	vec_free(&w.x.pieces);
}

static void test_code_that_is_not_in_the_module_is_nowhere(void **state)
{
	struct world w __cleanup_world = { 0 };
	struct strbuf said __cleanup_strbuf = { 0 };
	char *path __free = str_printf("%s/m.ko.debug", dir.path);
	struct subprocess p = {
		.argv = subprocess_words("readelf", "--debug-dump=decodedline", path), .out = &said
	};

	(void)state;
	make_part(&w);
	ok(world_link(&w));
	ok(object_write(w.account->debug, path));
	ok(subprocess_check(&p));
	assert_non_null(strstr(said.s, "0xdead000000000000"));
	vec_free(&w.x.pieces);
}

static void test_debug_information_has_the_modules_sections_and_build_id(void **state)
{
	struct world w __cleanup_world = { 0 };
	const struct section *a, *b;
	const struct object *debug;

	(void)state;
	make_part(&w);
	ok(world_link(&w));
	debug = w.account->debug;
	a = object_section(w.out, ".note.gnu.build-id");
	b = object_section(debug, ".note.gnu.build-id");
	assert_non_null(b);
	assert_int_equal(a->size, b->size);
	assert_memory_equal(a->bytes, b->bytes, a->size);
	a = object_section(w.out, ".text");
	b = object_section(debug, ".text");
	assert_int_equal(b->type, SHT_NOBITS);
	assert_int_equal(a->size, b->size);
	assert_null(object_section(w.out, ".debug_info"));
	assert_non_null(object_section(debug, ".debug_info"));
	vec_free(&w.x.pieces);
}

static void test_without_debug_information_there_is_none(void **state)
{
	struct world w __cleanup_world = { 0 };
	struct object *plain __cleanup_object = NULL;
	char *path __free = str_printf("%s/plain.o", dir.path);
	const char *const extra[4] = { "-g0" };

	(void)state;
	compile_snippet(dir.path, "c", text, path, extra);
	ok(object_read(path, &plain));
	world_make(&w, "vmlinux", text);
	w.x.after = plain;
	ok(world_link(&w));
	assert_null(w.account->debug);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses_in_the_module_are_lines_of_the_source),
		cmocka_unit_test(test_code_that_is_not_in_the_module_is_nowhere),
		cmocka_unit_test(test_debug_information_has_the_modules_sections_and_build_id),
		cmocka_unit_test(test_without_debug_information_there_is_none),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* What functions return, by the debug information of a compiled object. */
#include "snippet.h"

#include "dwarf/returned.h"

static const char text[] = "typedef long answer;\n"
			   "enum kind { ONE = 1, TWO };\n"
			   "struct pair { long a, b; };\n"
			   "int as_int(void) { return -5; }\n"
			   "const answer as_long(void) { return -5; }\n"
			   "unsigned int as_unsigned(void) { return 5; }\n"
			   "_Bool as_bool(void) { return 1; }\n"
			   "short as_short(void) { return 1; }\n"
			   "enum kind as_enum(void) { return TWO; }\n"
			   "const char *as_pointer(void) { return \"\"; }\n"
			   "void as_void(void) {}\n"
			   "double as_double(void) { return 1; }\n"
			   "struct pair as_pair(void) { return (struct pair){ 1, 2 }; }\n"
			   "extern int as_elsewhere(void);\n"
			   "int calls(void) { return as_elsewhere(); }\n";

static struct tmpdir place;
static struct object *object;
static struct debug *debug;

static int set_up(void **state)
{
	char *out;

	(void)state;
	ok(tmpdir_make(NULL, &place));
	out = str_printf("%s/o", place.path);
	compile_snippet(place.path, "c", text, out, NULL);
	ok(object_read(out, &object));
	ok(debug_open(object, &debug));
	assert_non_null(debug->dwarf);
	free(out);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	debug_free(&debug);
	object_free(&object);
	tmpdir_remove(&place);
	return 0;
}

static struct returned of(const char *function)
{
	return returned_by(debug, function);
}

static void test_integers_have_their_size_and_sign(void **state)
{
	static const struct {
		const char *function;
		uint64_t size;
		bool is_signed;
	} rows[] = {
		{ "as_int", 4, true },	 { "as_long", 8, true },  { "as_unsigned", 4, false },
		{ "as_bool", 1, false }, { "as_short", 2, true }, { "as_enum", 4, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct returned r = of(rows[i].function);

		assert_int_equal(r.kind, RETURNED_INTEGER);
		assert_int_equal(r.size, rows[i].size);
		assert_int_equal(r.is_signed, rows[i].is_signed);
	}
}

static void test_pointers_are_pointers(void **state)
{
	(void)state;
	assert_int_equal(of("as_pointer").kind, RETURNED_POINTER);
}

static void test_what_is_no_number_or_not_here_is_not_told(void **state)
{
	static const char *const names[] = { "as_void", "as_double", "as_pair", "as_elsewhere",
					     "nowhere" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(of(names[i]).kind, RETURNED_UNKNOWN);
}

/* So it is in a bundle. */
static void test_compressed_debug_information_tells_the_same(void **state)
{
	static const char *const compressed[4] = { "-gz=zlib" };
	struct object *o __cleanup_object = NULL;
	struct debug *d __cleanup_debug = NULL;
	char *out __free = str_printf("%s/z", place.path);
	struct returned r;

	(void)state;
	compile_snippet(place.path, "c", text, out, compressed);
	ok(object_read(out, &o));
	assert_true(object_section(o, ".debug_info")->flags & SHF_COMPRESSED);
	ok(debug_open(o, &d));
	r = returned_by(d, "as_int");
	assert_int_equal(r.kind, RETURNED_INTEGER);
	assert_int_equal(r.size, 4);
	assert_int_equal(returned_by(d, "as_elsewhere").kind, RETURNED_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_integers_have_their_size_and_sign),
		cmocka_unit_test(test_pointers_are_pointers),
		cmocka_unit_test(test_what_is_no_number_or_not_here_is_not_told),
		cmocka_unit_test(test_compressed_debug_information_tells_the_same),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

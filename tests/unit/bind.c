// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Run-pre matching on small programs: a "shipped" image is linked from units that are
 * compiled without a section for each function, as kernels are; one unit's other build, with
 * such sections, is bound to it.
 */
#include "snippet.h"

#include "bind/binding.h"

struct bound {
	struct tmpdir dir;
	struct image *image;
	struct object *object;
	struct binding *binding;
};

static void release(struct bound *b)
{
	binding_free(&b->binding);
	object_free(&b->object);
	image_free(&b->image);
	tmpdir_remove(&b->dir);
}
#define __cleanup_bound __cleanup(release)

/* As in the kernel, no padding is left inside of functions. */
#define NO_PADDING "-falign-jumps=1", "-falign-loops=1"
static const char *const shipped_flags[4] = { "-fno-function-sections", "-fno-data-sections",
					      NO_PADDING };

/* Compile units (NULL-terminated) as they are shipped, and link them. */
static void ship(struct bound *b, bool module, const char *const *units)
{
	char *out __free = NULL, *objects[4] = { 0 };
	struct strbuf log __cleanup_strbuf = { 0 };
	const char *argv[16] = { "ld",
				 module ? "-r" : "-Ttext=0xffffffff81000000",
				 "-e",
				 "0",
				 "--no-warn-rwx-segments",
				 "-z",
				 "noexecstack",
				 "-o" };
	struct subprocess p = { .argv = argv, .out = &log, .err = &log, .timeout = 60 };
	size_t n = 8;

	ok(tmpdir_make(NULL, &b->dir));
	out = str_printf("%s/shipped", b->dir.path);
	argv[n++] = out;
	for (size_t i = 0; units[i]; i++) {
		objects[i] = str_printf("%s/unit%zu.o", b->dir.path, i);
		compile_snippet(b->dir.path, "c", units[i], objects[i], shipped_flags);
		argv[n++] = objects[i];
	}
	ok(subprocess_check(&p));
	if (module)
		ok(image_open_module(out, &b->image));
	else
		ok(image_open_elf(out, "vmlinux", &b->image));
	for (size_t i = 0; i < 4; i++)
		free(objects[i]);
}

static void build(struct bound *b, const char *text, const char *flag)
{
	const char *const flags[4] = { NO_PADDING, flag };
	char *path __free = str_printf("%s/before.o", b->dir.path);

	compile_snippet(b->dir.path, "c", text, path, flags);
	ok(object_read(path, &b->object));
}

/* Ship the units, bind the build of 'text' to them. */
static void bind_it(struct bound *b, bool module, const char *text, const char *flag,
		    const char *const *units)
{
	ship(b, module, units);
	build(b, text, flag);
	ok(binding_compute(b->object, b->image, NULL, &b->binding));
}
#define units(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const struct placement *placed(const struct bound *b, const char *name)
{
	const struct symbol *s = object_symbol(b->object, name);

	if (!s)
		fail_msg("the object has no %s", name);
	return &b->binding->placements[s->index];
}

/* The address of the image's only symbol of that name. */
static uint64_t address(const struct bound *b, const char *name)
{
	size_t first;

	assert_int_equal(image_symbols_named(b->image, name, &first), 1);
	return b->image->symbols.v[b->image->name_order.v[first]].address;
}

static void expect(const struct bound *b, const char *name, enum bind_how how)
{
	const struct placement *p = placed(b, name);

	if (p->how != how)
		fail_msg("%s: %d, not %d (%s)", name, p->how, how, p->trouble ? p->trouble : "-");
	if (how == BIND_EXTERNAL)
		return;
	assert_non_null(p->symbol);
	assert_string_equal(p->symbol->name, name);
	assert_int_equal(p->address, p->symbol->address);
}

static void expect_none(const struct bound *b, const char *name, const char *word)
{
	const struct placement *p = placed(b, name);

	assert_int_equal(p->how, BIND_NONE);
	assert_non_null(p->trouble);
	if (!strstr(p->trouble, word))
		fail_msg("\"%s\" does not say \"%s\"", p->trouble, word);
}

#define NOINLINE "__attribute__((noinline)) "

static const char other[] = "int counter = 7;\n"
			    "int outside(int x) { return x * 3 + counter; }\n"
			    "int later(int x, int y) { return x / y; }\n";

static const char unit[] =
	"extern int outside(int), counter;\n"
	"static int state[8] = { 1, 2, 3 };\n"
	"static int quiet;\n"
	"static const int table[] = { 9, 8, 7, 6, 5 };\n"
	"static " NOINLINE "int helper(int x)\n"
	"{ state[x & 7] += counter; return outside(x) ^ table[x % 5]; }\n"
	"int entry(int x) { quiet++; return helper(x) + helper(x + 1) * 5; }\n"
	"const char *text(int x) { return x ? \"some text\" : \"other text\"; }\n";

/* --- what is placed -------------------------------------------------------------------- */

static void test_functions_data_and_outside_symbols_are_placed_where_the_image_has_them(
	void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, unit, NULL, units(other, unit));
	expect(&b, "helper", BIND_MATCHED);
	expect(&b, "entry", BIND_MATCHED);
	expect(&b, "text", BIND_MATCHED);
	expect(&b, "state", BIND_DERIVED);
	expect(&b, "quiet", BIND_DERIVED);
	expect(&b, "table", BIND_DERIVED);
	expect(&b, "outside", BIND_DERIVED);
	expect(&b, "counter", BIND_DERIVED);
	assert_true(placed(&b, "helper")->witnesses >= 2);
	assert_int_equal(b.binding->counts.functions, 3);
	assert_int_equal(b.binding->counts.matched, 3);
}

/* The same without any name in the image, so that none can be used. */
static void bind_nameless(struct bound *b, const char *text, const char *const *units)
{
	struct text_index *index __cleanup_text_index = NULL;
	struct bind_options opt = { 0 };

	ship(b, false, units);
	build(b, text, NULL);
	vec_for_each(&b->image->symbols, s)
		s->name = s->size ? "?" : "";
	b->image->name_order.n = 0;
	ok(text_index_build(b->image, &index));
	opt.withhold_names = index;
	ok(binding_compute(b->object, b->image, &opt, &b->binding));
}

static void test_names_are_not_needed_where_bytes_are_enough(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_nameless(&b, unit, units(other, unit));
	assert_int_equal(placed(&b, "helper")->how, BIND_MATCHED);
	assert_int_equal(placed(&b, "entry")->how, BIND_MATCHED);
	assert_int_equal(placed(&b, "outside")->how, BIND_DERIVED);
	assert_int_equal(b.binding->counts.nameless, b.binding->counts.matched);
}

static void test_jumps_that_are_shorter_in_the_image_are_understood(void **state)
{
	static const char source[] =
		"int count, calls;\n"
		"static " NOINLINE "int inner(int x) { count += x; return x * count; }\n"
		"int entry(int x)\n"
		"{ for (int i = 0; i < x; i++) calls += i * x; if (x & 1) return 5;\n"
		"  while (count > x) count -= calls; return inner(x + 2); }\n"
		"int last(int x) { return entry(x) + 1; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, source, NULL, units(source));
	expect(&b, "entry", BIND_MATCHED);
	expect(&b, "inner", BIND_MATCHED);
	expect(&b, "last", BIND_MATCHED);
	assert_int_equal(b.binding->counts.shorter, 1);
}

/* A function with a jump that is shorter in the image, and some text of its own. */
#define WITH_SHORT_JUMP(text)                                                     \
	"int count, calls;\n"                                                     \
	"static " NOINLINE "int inner(int x) { count += x; return x * count; }\n" \
	"int entry(int x)\n"                                                      \
	"{ for (int i = 0; i < x; i++) calls += i * x; " text                     \
	"  while (count > x) count -= calls; return inner(x + 2); }\n"

static void test_a_condition_that_differs_is_seen_beside_a_shorter_jump(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, WITH_SHORT_JUMP("asm volatile(\"jz 1f; nop; 1: nop\");"), NULL,
		units(WITH_SHORT_JUMP("asm volatile(\"jc 1f; nop; 1: nop\");")));
	expect_none(&b, "entry", "where the image has jb");
	expect_none(&b, "inner", "stands alone");
}

static void test_a_destination_that_differs_is_seen_beside_a_shorter_jump(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, WITH_SHORT_JUMP("asm volatile(\"jz 1f; nop; 1: nop\");"), NULL,
		units(WITH_SHORT_JUMP("asm volatile(\"jz 1f; nop; nop; 1:\");")));
	assert_int_equal(placed(&b, "entry")->how, BIND_NONE);
}

static void test_an_outside_symbol_nothing_refers_to_is_found_by_name(void **state)
{
	static const char source[] = "extern int outside(int);\n"
				     "void *const unused __attribute__((used)) = outside;\n"
				     "int entry(int x) { return x + 12345; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, source, NULL, units(other, source));
	assert_int_equal(placed(&b, "outside")->how, BIND_NAMED);
	assert_int_equal(placed(&b, "outside")->address, address(&b, "outside"));
}

/* --- several of one name ------------------------------------------------------------------ */

static const char twin_a[] = "extern int counter; int use_a;\n"
			     "static " NOINLINE "int twin(int x)\n"
			     "{ counter += x; return x * 77 + (counter >> 2) + (x << 4); }\n"
			     "int a(int x) { use_a++; return twin(x) + 1; }\n";
static const char twin_b[] = "extern int counter; int use_b;\n"
			     "static " NOINLINE "int twin(int x)\n"
			     "{ counter += x; return x * 77 + (counter >> 2) + (x << 4); }\n"
			     "int b(int x) { use_b++; return twin(x) + 2; }\n";

static void test_twins_are_told_apart_by_who_calls_them(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, twin_b, NULL, units(other, twin_a, twin_b));
	expect(&b, "twin", BIND_MATCHED);
	assert_true(placed(&b, "twin")->address > address(&b, "a"));
	assert_int_equal(image_sympos(placed(&b, "twin")->symbol), 2);
}

static void test_positions_count_by_address_in_the_kernel(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, twin_b, NULL, units(other, twin_b, twin_a));
	assert_int_equal(image_sympos(placed(&b, "twin")->symbol), 1);
	assert_int_equal(image_sympos(placed(&b, "b")->symbol), 0);
}

static void test_a_twin_that_nothing_tells_apart_is_not_guessed(void **state)
{
	static const char alone[] =
		"extern int counter;\n"
		"static " NOINLINE "__attribute__((used)) int twin(int x)\n"
		"{ counter += x; return x * 77 + (counter >> 2) + (x << 4); }\n";
	struct error *e __cleanup_error = NULL;
	struct bound b __cleanup_bound = { 0 };
	const struct placement *p;

	(void)state;
	bind_it(&b, false, alone, NULL, units(other, alone, alone));
	expect_none(&b, "twin", "nothing tells");
	e = binding_need(b.binding, object_symbol(b.object, "twin"), &p);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
	assert_non_null(strstr(error_message(e), "twin"));
}

static void test_of_two_twins_the_one_that_matches_may_be_the_wrong_one(void **state)
{
	static const char one[] = "extern int counter;\n"
				  "static " NOINLINE "__attribute__((used)) int twin(int x)\n"
				  "{ counter += x; return x * 77 + (counter >> 2) + (x << 4); }\n";
	static const char another[] =
		"extern int counter;\n"
		"static " NOINLINE "__attribute__((used)) int twin(int x)\n"
		"{ counter += x; return x * 78 + (counter >> 2) + (x << 4); }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, one, NULL, units(other, one, another));
	assert_int_equal(placed(&b, "twin")->how, BIND_NONE);
}

static const char tiny_a[] = "static " NOINLINE "void tiny(void) { asm(\"\"); }\n"
			     "extern int counter;\n"
			     "int a(int x) { tiny(); return counter * x + 11; }\n";
static const char tiny_b[] = "static " NOINLINE "void tiny(void) { asm(\"\"); }\n"
			     "extern int counter;\n"
			     "int b(int x) { tiny(); return counter * x - 13; }\n";

static void test_a_tiny_function_is_placed_by_its_caller(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, tiny_b, NULL, units(other, tiny_a, tiny_b));
	expect(&b, "tiny", BIND_MATCHED);
	assert_int_equal(image_sympos(placed(&b, "tiny")->symbol), 2);
	assert_true(b.binding->counts.tiny >= 1);
}

static void test_a_tiny_function_is_not_believed_on_its_own_bytes(void **state)
{
	static const char here[] = "int yes(void) { return 1; }\n";
	struct text_index *index __cleanup_text_index = NULL;
	struct bind_options opt = { 0 };
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	/* The bytes are there once, but under another name. */
	ship(&b, false, units(other, "int truth(void) { return 1; }\n"));
	build(&b, here, NULL);
	ok(text_index_build(b.image, &index));
	opt.withhold_names = index;
	ok(binding_compute(b.object, b.image, &opt, &b.binding));
	expect_none(&b, "yes", "no function of this name");
}

static const char foreign[] = "extern int counter;\n"
			      "static " NOINLINE "int from_header(int x)\n"
			      "{ counter -= x; return x * 77 + (counter >> 2) + (x << 4); }\n"
			      "int foreign(int x) { return from_header(x) / 3; }\n";

static void test_a_private_function_of_another_unit_is_not_taken_for_its_name(void **state)
{
	static const char ours[] = "extern int counter;\n"
				   "int ours_first(int x) { return x * 5 + counter; }\n"
				   "static " NOINLINE "int from_header(int x)\n"
				   "{ counter -= x; return x * 77 + (counter >> 2) + (x << 4); }\n"
				   "int ours(int x) { return from_header(x) / 7; }\n";
	static const char shipped[] = "extern int counter;\n"
				      "int ours_first(int x) { return x * 6 + counter; }\n"
				      "int ours(int x) { counter -= x; return x / 7; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, ours, NULL, units(other, foreign, shipped));
	assert_int_equal(placed(&b, "from_header")->how, BIND_NONE);
	assert_int_equal(b.binding->counts.matched, 0);
}

static void test_what_lies_elsewhere_than_its_neighbours_is_refused(void **state)
{
	static const char ours[] =
		"extern int counter;\n"
		"int ours_first(int x) { return x * 5 + counter; }\n"
		"static " NOINLINE "__attribute__((used)) int from_header(int x)\n"
		"{ counter -= x; return x * 77 + (counter >> 2) + (x << 4); }\n"
		"int ours(int x) { return counter * x / 7; }\n";
	static const char shipped[] = "extern int counter;\n"
				      "int ours_first(int x) { return x * 5 + counter; }\n"
				      "int ours(int x) { return counter * x / 7; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, ours, NULL, units(other, foreign, shipped));
	expect(&b, "ours_first", BIND_MATCHED);
	expect(&b, "ours", BIND_MATCHED);
	expect_none(&b, "from_header", "next to");
}

/* --- what is refused ------------------------------------------------------------------------ */

static void test_a_function_of_another_source_is_refused_and_the_difference_shown(void **state)
{
	static const char changed[] =
		"extern int outside(int), counter;\n"
		"static int state[8] = { 1, 2, 3 };\n"
		"static int quiet;\n"
		"static const int table[] = { 9, 8, 7, 6, 5 };\n"
		"static " NOINLINE "int helper(int x)\n"
		"{ state[x & 7] += counter; return outside(x) ^ table[x % 5]; }\n"
		"int entry(int x) { quiet++; return helper(x) + helper(x + 2) * 5; }\n"
		"const char *text(int x) { return x ? \"some text\" : \"other text\"; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, changed, NULL, units(other, unit));
	expect_none(&b, "entry", "0x02(");
	expect_none(&b, "entry", "0x01(");
	expect(&b, "helper", BIND_MATCHED);
	expect(&b, "text", BIND_MATCHED);
}

static void test_another_compiler_flag_is_refused(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, unit, "-O1", units(other, unit));
	assert_true(b.binding->counts.matched < b.binding->counts.functions);
	expect_none(&b, "entry", "where the image has");
}

static void test_another_string_is_refused(void **state)
{
	static const char changed[] =
		"const char *text(int x) { return x ? \"some text\" : \"other tEXT\"; }\n";
	static const char shipped[] =
		"const char *text(int x) { return x ? \"some text\" : \"other text\"; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, changed, NULL, units(shipped));
	expect_none(&b, "text", "content");
}

static void test_another_callee_is_refused(void **state)
{
	static const char shipped[] = "extern int outside(int), later(int, int);\n"
				      "int entry(int x) { return outside(x) + 99; }\n";
	static const char changed[] = "extern int outside(int), later(int);\n"
				      "int entry(int x) { return later(x) + 99; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, changed, NULL, units(other, shipped));
	expect_none(&b, "entry", "later");
}

static void test_another_addend_is_refused(void **state)
{
	static const char shipped[] =
		"static int array[16];\n"
		"int *one(int x) { array[x] = 4; return &array[1]; }\n"
		"int *entry(int x) { array[x + 1] += x; return &array[5]; }\n";
	static const char changed[] =
		"static int array[16];\n"
		"int *one(int x) { array[x] = 4; return &array[1]; }\n"
		"int *entry(int x) { array[x + 1] += x; return &array[6]; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, changed, NULL, units(shipped));
	expect(&b, "one", BIND_MATCHED);
	expect_none(&b, "entry", "array");
}

static void test_an_addend_that_others_contradict_is_refused_without_names_too(void **state)
{
	static const char shipped[] =
		"static int array[16];\n"
		"int *one(int x) { array[x * 3 + 7] = 4 * x + 9 / (x + 1); return &array[1]; }\n"
		"int *entry(long x) { x *= 12345; x ^= x >> 3; x += x << 7; array[5] = x; return 0; }\n";
	static const char changed[] =
		"static int array[16];\n"
		"int *one(int x) { array[x * 3 + 7] = 4 * x + 9 / (x + 1); return &array[1]; }\n"
		"int *entry(long x) { x *= 12345; x ^= x >> 3; x += x << 7; array[6] = x; return 0; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_nameless(&b, changed, units(shipped));
	assert_int_equal(placed(&b, "one")->how, BIND_MATCHED);
	expect_none(&b, "entry", "others have it at");
}

static void test_a_function_that_contradicts_itself_is_refused(void **state)
{
	static const char shipped[] =
		"static int array[16];\n"
		"int *one(int x) { array[x * 3 + 7] = 4 * x + 9 / (x + 1); return &array[1]; }\n";
	static const char changed[] =
		"static int array[16];\n"
		"int *one(int x) { array[x * 3 + 7] = 4 * x + 9 / (x + 1); return &array[2]; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_nameless(&b, changed, units(shipped));
	expect_none(&b, "one", "contradicts itself");
}

static void test_other_initial_data_is_refused_but_not_the_functions(void **state)
{
	static const char shipped[] = "static int limits[2] = { 10, 20 };\n"
				      "int *entry(int x) { limits[0] += x; return limits; }\n";
	static const char changed[] = "static int limits[2] = { 10, 30 };\n"
				      "int *entry(int x) { limits[0] += x; return limits; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, changed, NULL, units(shipped));
	expect(&b, "entry", BIND_MATCHED);
	expect_none(&b, "limits", "1e where the image has 14");
}

static void test_pointers_in_data_are_compared_too(void **state)
{
	static const char shipped[] = "extern int outside(int), later(int, int);\n"
				      "static struct { void *a, *b; } ops = { outside, later };\n"
				      "void *entry(int x) { ops.a = &ops.b + x; return &ops; }\n";
	static const char changed[] = "extern int outside(int), later(int, int);\n"
				      "static struct { void *a, *b; } ops = { later, outside };\n"
				      "void *entry(int x) { ops.a = &ops.b + x; return &ops; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, false, changed, NULL, units(other, shipped));
	expect_none(&b, "ops", "later");
}

static void test_a_relocation_that_is_not_known_is_refused(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	ship(&b, false, units(other, unit));
	build(&b, unit, NULL);
	object_symbol(b.object, "helper")->section->relocs.v[0].type = 9999;
	ok(binding_compute(b.object, b.image, NULL, &b.binding));
	expect_none(&b, "helper", "does not know");
}

static void test_a_weak_function_that_gave_way_is_bound_to_the_other_but_not_redirected(
	void **state)
{
	static const char weak[] = "extern int counter;\n"
				   "__attribute__((weak)) int hook(int x) { return x + counter; }\n"
				   "int entry(int x) { return hook(x) * 1000 + 31; }\n";
	static const char strong[] = "int hook(int x) { return x * 99 - 2; }\n";
	struct error *e __cleanup_error = NULL;
	struct bound b __cleanup_bound = { 0 };
	const struct placement *p;

	(void)state;
	bind_it(&b, false, weak, NULL, units(other, weak, strong));
	assert_int_equal(placed(&b, "hook")->how, BIND_NAMED);
	assert_int_equal(placed(&b, "hook")->address, address(&b, "hook"));
	assert_int_equal(b.binding->counts.overridden, 1);
	ok(binding_need(b.binding, object_symbol(b.object, "hook"), &p));
	e = binding_need_function(b.binding, object_symbol(b.object, "hook"), &p);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
	ok(binding_need_function(b.binding, object_symbol(b.object, "entry"), &p));
}

/* --- names alone -------------------------------------------------------------------------------
 */

static void test_a_name_alone_must_be_global_and_unambiguous(void **state)
{
	static const char also[] = "static " NOINLINE "int both(int x) { return x - 5; }\n"
				   "int caller(int x) { return both(x) * 3; }\n";
	static const char global[] = "int both(int x) { return x + 5; }\n";
	struct bound b __cleanup_bound = { 0 };
	struct placement p;

	(void)state;
	ship(&b, false, units(twin_a, also, global, other));
	ok(binding_by_name(b.image, "outside", &p));
	assert_int_equal(p.address, address(&b, "outside"));
	ok(binding_by_name(b.image, "both", &p));
	assert_int_equal(p.symbol->type, 'T');
	assert_int_equal(image_sympos(p.symbol), 2);
	expect_error(binding_by_name(b.image, "twin", &p), "private");
	vec_for_each(&b.image->symbols, s)
		s->type = s->type == 't' ? 'T' : s->type;
	expect_error(binding_by_name(b.image, "both", &p), "ambiguous");
	expect_error(binding_by_name(b.image, "nowhere", &p), "no such symbol");
}

/* --- modules
 * -------------------------------------------------------------------------------------- */

static const char module_unit[] =
	"extern int outside(int); extern int counter;\n"
	"static int state;\n"
	"static " NOINLINE "int twin(int x) { state += x; return outside(x) + counter * 3; }\n"
	"int module_entry(int x) { return twin(x) + twin(x - 1); }\n"
	"const char *module_text(void) { return \"text of the module\"; }\n";

static void test_a_unit_is_bound_to_the_module_that_ships_it(void **state)
{
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, true, module_unit, NULL, units(twin_a, module_unit));
	assert_string_equal(b.image->name, "shipped");
	expect(&b, "twin", BIND_MATCHED);
	expect(&b, "module_entry", BIND_MATCHED);
	expect(&b, "module_text", BIND_MATCHED);
	expect(&b, "state", BIND_DERIVED);
	expect(&b, "outside", BIND_EXTERNAL);
	assert_int_equal(image_sympos(placed(&b, "twin")->symbol), 2);
}

static void test_positions_count_by_the_symbol_table_in_a_module(void **state)
{
	static const char early[] =
		"static " NOINLINE "__attribute__((used, section(\".text.zz\"))) int twin(int x)\n"
		"{ return x * 1001; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	/* The first in the symbol table lies in a section behind .text. */
	bind_it(&b, true, module_unit, NULL, units(early, module_unit));
	expect(&b, "twin", BIND_MATCHED);
	assert_int_equal(image_sympos(placed(&b, "twin")->symbol), 2);
	assert_true(placed(&b, "twin")->address < placed(&b, "twin")->symbol[1].address);
}

static void test_a_module_that_differs_is_refused(void **state)
{
	static const char changed[] =
		"extern int outside(int); extern int counter;\n"
		"static int state;\n"
		"static " NOINLINE
		"int twin(int x) { state += x; return outside(x) + counter * 5; }\n"
		"int module_entry(int x) { return twin(x) + twin(x - 1); }\n"
		"const char *module_text(void) { return \"text of the m0dule\"; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, true, changed, NULL, units(module_unit));
	expect_none(&b, "twin", "where the image has");
	expect_none(&b, "module_text", "content");
}

/* The same bytes in both, but for what the module's relocations will change. */
static void test_a_module_that_relocates_more_than_the_build_is_refused(void **state)
{
	static const char shipped[] =
		"int entry(int x) { int y; asm(\".byte 0xb8; .long outside\" : \"=a\"(y));\n"
		"  return x * 55 + y; }\n";
	static const char changed[] =
		"int entry(int x) { int y; asm(\".byte 0xb8; .long 0\" : \"=a\"(y));\n"
		"  return x * 55 + y; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, true, changed, NULL, units(shipped));
	expect_none(&b, "entry", "the build has none");
}

static void test_a_field_at_another_place_in_the_module_is_refused(void **state)
{
	static const char shipped[] =
		"int entry(int x) { int y; asm(\".byte 0xb8, 0; .long outside\" : \"=a\"(y));\n"
		"  return x * 55 + y; }\n";
	static const char changed[] =
		"int entry(int x) { int y; asm(\".byte 0xb8; .long outside; .byte 0\" : "
		"\"=a\"(y));\n"
		"  return x * 55 + y; }\n";
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	bind_it(&b, true, changed, NULL, units(shipped));
	expect_none(&b, "entry", "no such reference");
}

static void test_an_object_for_another_machine_is_refused(void **state)
{
	struct error *e __cleanup_error = NULL;
	struct bound b __cleanup_bound = { 0 };

	(void)state;
	ship(&b, false, units(other));
	build(&b, other, NULL);
	b.object->machine = EM_AARCH64;
	e = binding_compute(b.object, b.image, NULL, &b.binding);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_functions_data_and_outside_symbols_are_placed_where_the_image_has_them),
		cmocka_unit_test(test_names_are_not_needed_where_bytes_are_enough),
		cmocka_unit_test(test_jumps_that_are_shorter_in_the_image_are_understood),
		cmocka_unit_test(test_a_condition_that_differs_is_seen_beside_a_shorter_jump),
		cmocka_unit_test(test_a_destination_that_differs_is_seen_beside_a_shorter_jump),
		cmocka_unit_test(test_an_outside_symbol_nothing_refers_to_is_found_by_name),
		cmocka_unit_test(test_twins_are_told_apart_by_who_calls_them),
		cmocka_unit_test(test_positions_count_by_address_in_the_kernel),
		cmocka_unit_test(test_a_twin_that_nothing_tells_apart_is_not_guessed),
		cmocka_unit_test(test_of_two_twins_the_one_that_matches_may_be_the_wrong_one),
		cmocka_unit_test(test_a_tiny_function_is_placed_by_its_caller),
		cmocka_unit_test(test_a_tiny_function_is_not_believed_on_its_own_bytes),
		cmocka_unit_test(test_a_private_function_of_another_unit_is_not_taken_for_its_name),
		cmocka_unit_test(test_what_lies_elsewhere_than_its_neighbours_is_refused),
		cmocka_unit_test(
			test_a_function_of_another_source_is_refused_and_the_difference_shown),
		cmocka_unit_test(test_another_compiler_flag_is_refused),
		cmocka_unit_test(test_another_string_is_refused),
		cmocka_unit_test(test_another_callee_is_refused),
		cmocka_unit_test(test_another_addend_is_refused),
		cmocka_unit_test(
			test_an_addend_that_others_contradict_is_refused_without_names_too),
		cmocka_unit_test(test_a_function_that_contradicts_itself_is_refused),
		cmocka_unit_test(test_other_initial_data_is_refused_but_not_the_functions),
		cmocka_unit_test(test_pointers_in_data_are_compared_too),
		cmocka_unit_test(test_a_relocation_that_is_not_known_is_refused),
		cmocka_unit_test(
			test_a_weak_function_that_gave_way_is_bound_to_the_other_but_not_redirected),
		cmocka_unit_test(test_a_name_alone_must_be_global_and_unambiguous),
		cmocka_unit_test(test_a_unit_is_bound_to_the_module_that_ships_it),
		cmocka_unit_test(test_positions_count_by_the_symbol_table_in_a_module),
		cmocka_unit_test(test_a_module_that_differs_is_refused),
		cmocka_unit_test(test_a_module_that_relocates_more_than_the_build_is_refused),
		cmocka_unit_test(test_a_field_at_another_place_in_the_module_is_refused),
		cmocka_unit_test(test_an_object_for_another_machine_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

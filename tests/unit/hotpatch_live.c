// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hotpatch object in the process that tests it: a stripped shared object is loaded, the object is
 * laid beside it and its references filled in as its header says, and the new code must do what
 * the new source says, with the variables that the old code has.
 */
#include "program_world.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/mman.h>

#include "hotpatch/link.h"

#define PAGE 4096UL

#define COMMON                                                                             \
	"#include <stdio.h>\n#include <string.h>\n#include <stdlib.h>\n"                   \
	"static int count; static __thread int depth = 7; int shared_value = 5;\n"         \
	"static char last[64];\n"                                                          \
	"int calls(void) { return count; }\n"                                              \
	"const char *last_word(void) { return last; }\n"                                   \
	"int deeper(int n) { depth += n; return depth; }\n"                                \
	"static int __attribute__((noinline)) note(const char *s)\n"                       \
	"{ static int notes; snprintf(last, sizeof(last), \"%s\", s); return ++notes; }\n" \
	"int noted(const char *s) { return note(s); }\n"                                   \
	"static int __attribute__((noinline)) twice(int x) { return x * 2 + (last[0] == 1); }\n"

static const char before_text[] = COMMON
	"int work(int x, const char *s) { count++; note(s); return twice(x) + depth + "
	"shared_value; }\n"
	"const char *name(int k) { switch (k) { case 0: return \"zero\"; case 1: return \"one\";\n"
	"case 2: return \"two\"; case 3: return \"three\"; case 4: return \"four\"; case 5: return\n"
	"\"five\"; } return \"many\"; }\n";
static const char after_text[] = COMMON
	"static int extra = 100;\n"
	"static long __attribute__((noinline)) fresh(const char *s) { extra++; return atol(s) + "
	"extra; }\n"
	"int work(int x, const char *s) { count += 10; int n = note(s); depth++;\n"
	"return twice(x) + depth + shared_value + n * 1000 + (int)fresh(s); }\n"
	"const char *name(int k) { switch (k) { case 0: return \"none\"; case 1: return \"ONE\";\n"
	"case 2: return \"two\"; case 3: return \"three\"; case 4: return \"four\"; case 5: return\n"
	"\"five\"; } return \"many\"; }\n";

static const char cxx_before[] =
	"#include <stdexcept>\n#include <string>\n"
	"struct odd : std::runtime_error { using std::runtime_error::runtime_error; };\n"
	"int __attribute__((noinline)) check(int x) { if (x > 10) throw odd(\"large\"); return x; }\n"
	"int __attribute__((noinline)) through(int x) { std::string s(\"0123456789abcdef0123\"); "
	"return check(x) + (int)s.size(); }\n"
	"extern \"C\" int guarded(int x) { try { return through(x); } catch (const odd &e) { return "
	"-1; } catch (const std::exception &) { return -2; } }\n";
static const char cxx_after[] =
	"#include <stdexcept>\n#include <string>\n"
	"struct odd : std::runtime_error { using std::runtime_error::runtime_error; };\n"
	"int __attribute__((noinline)) check(int x) { if (x > 5) throw odd(\"large\"); return x + 1; }\n"
	"int __attribute__((noinline)) through(int x) { std::string s(\"0123456789abcdef0123\"); "
	"return check(x) + (int)s.size() + 100; }\n"
	"extern \"C\" int guarded(int x) { try { return through(x); } catch (const odd &e) { return "
	"-10; } catch (const std::exception &) { return -2; } }\n";

static const char *compiler = "gcc";

static void compile(const char *text, const char *out, const char *more)
{
	char *source = in_dir(str_equal(compiler, "gcc") ? "unit.c" : "unit.cc");

	ok(file_write(source, text, strlen(text), 0644));
	run((const char *const[]){ compiler, "-O2", "-g", "-fPIC", more, "-fdata-sections", "-c",
				   "-o", in_dir(out), source, NULL });
}

static void build(const char *with, const char *before, const char *after, const char *other)
{
	compiler = with;
	compile(before, "exact.o", "-O2");
	compile(before, "before.o", "-ffunction-sections");
	compile(after, "after.o", "-ffunction-sections");
	compile(other, "other.o", "-O2");
	run((const char *const[]){ with, "-shared", "-Wl,--build-id", "-o", in_dir("lib.so"),
				   in_dir("exact.o"), in_dir("other.o"), NULL });
	run((const char *const[]){ "strip", in_dir("lib.so"), NULL });
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

/* --- the smallest loader there can be ------------------------------------------------- */

struct loaded {
	uint64_t bias, part[HOTPATCH_PARTS], slots, n_slots;
	void *library;
};

static uint64_t symbol_of(const struct loaded *l, const struct hotpatch_reference *r)
{
	void *at = r->version ? dlvsym(l->library, r->symbol, r->version)
			      : dlsym(l->library, r->symbol);

	assert_non_null(at);
	return (uint64_t)(uintptr_t)at;
}

static uint64_t target_of(struct loaded *l, const struct hotpatch_reference *r)
{
	uint64_t slot;

	switch (r->to) {
	case HOTPATCH_TO_PART:
		return l->part[r->to_part] + r->to_offset;
	case HOTPATCH_TO_FILE:
		return l->bias + r->to_offset;
	case HOTPATCH_TO_SYMBOL:
		return symbol_of(l, r);
	case HOTPATCH_TO_GOT:
		slot = l->slots + 8 * l->n_slots++;
		*(uint64_t *)(uintptr_t)slot = symbol_of(l, r);
		return slot;
	case HOTPATCH_TO_TLS:
		break;
	}
	fail();
	return 0;
}

static void fill(struct loaded *l, const struct hotpatch_reference *r)
{
	uint64_t at = l->part[r->part] + r->offset;
	uint64_t value = target_of(l, r) + (uint64_t)r->addend;
	int32_t narrow;

	if (r->type == R_X86_64_64) {
		memcpy((void *)(uintptr_t)at, &value, 8);
		return;
	}
	assert_int_equal(r->type, R_X86_64_PC32);
	value -= at;
	narrow = (int32_t)value;
	assert_int_equal((int64_t)narrow, (int64_t)value);
	memcpy((void *)(uintptr_t)at, &narrow, 4);
}

/* Just below the library; all of it may be written to and run here. */
static void load(struct loaded *l, const struct hotpatch_object *o)
{
	uint64_t at = l->bias - 256 * PAGE;
	void *mapped = mmap((void *)(uintptr_t)at, 64 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(mapped != MAP_FAILED);
	at = (uint64_t)(uintptr_t)mapped;
	for (int i = 0; i < HOTPATCH_PARTS; i++) {
		l->part[i] = at;
		memcpy((void *)(uintptr_t)at, o->parts[i].bytes, o->parts[i].n);
		at += (o->parts[i].size + PAGE) / PAGE * PAGE;
	}
	l->slots = at;
	vec_for_each(&o->references, r)
		fill(l, r);
}

static void redirect(const struct loaded *l, const struct hotpatch_function *f, bool back)
{
	uint8_t *old = (uint8_t *)(uintptr_t)(l->bias + f->old);
	uint64_t page = (uint64_t)(uintptr_t)old / PAGE * PAGE;
	int32_t distance =
		(int32_t)(l->part[HOTPATCH_CODE] + f->fresh - (uint64_t)(uintptr_t)old - 5);

	assert_int_equal(
		mprotect((void *)(uintptr_t)page, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC), 0);
	if (!back)
		assert_memory_equal(old, f->bytes, f->size);
	memcpy(old, f->bytes, f->size < 5 ? f->size : 5);
	if (back)
		return;
	*old = 0xe9;
	memcpy(old + 1, &distance, 4);
}

/* --- the object ------------------------------------------------------------------------- */

static void make(struct hotpatch_object *o)
{
	const struct delta_options opt = { .process = true };
	struct program *p __cleanup_program = NULL;
	struct object *exact __cleanup_object = NULL, *before __cleanup_object = NULL;
	struct object *after __cleanup_object = NULL;
	struct delta *d __cleanup_delta = NULL;
	struct extraction *x __cleanup_extraction = NULL;
	struct text_index *index __cleanup_text_index = NULL;
	struct process_binding b __cleanup_process_binding = { 0 };
	struct hotpatch_account account __cleanup_hotpatch_account = { 0 };
	struct hotpatch_request request = { .name = "fix" };
	struct hotpatch_unit unit = { .source = "unit.c" };

	ok(program_open(in_dir("lib.so"), &p));
	ok(object_read(in_dir("exact.o"), &exact));
	ok(object_read(in_dir("before.o"), &before));
	ok(object_read(in_dir("after.o"), &after));
	ok(delta_compute_as(before, after, &opt, &d));
	ok(delta_extract(d, &x));
	ok(text_index_build(p->image, &index));
	ok(process_bind(exact, before, p, index, &b));
	request.program = p;
	unit.extraction = x;
	unit.binding = &b;
	ok(hotpatch_link(&request, &unit, 1, o, &account));
}

static void test_new_code_does_what_the_new_source_says(void **state)
{
	struct hotpatch_object o __cleanup_hotpatch = { 0 };
	struct loaded l = { 0 };
	struct link_map *map;
	int (*work)(int, const char *), (*calls)(void);
	const char *(*name)(int), *(*last)(void);

	(void)state;
	build("gcc", before_text, after_text,
	      "#include <stdlib.h>\nint other(char **v) { return (int)atol(v[0]) + atoi(v[1]); }\n");
	make(&o);
	assert_int_equal(o.functions.n, 2);
	l.library = dlopen(in_dir("lib.so"), RTLD_NOW);
	assert_non_null(l.library);
	assert_int_equal(dlinfo(l.library, RTLD_DI_LINKMAP, &map), 0);
	l.bias = map->l_addr;
	*(void **)&work = dlsym(l.library, "work");
	*(void **)&calls = dlsym(l.library, "calls");
	*(void **)&name = dlsym(l.library, "name");
	*(void **)&last = dlsym(l.library, "last_word");

	assert_int_equal(work(1, "a"), 2 + 7 + 5);
	assert_string_equal(name(1), "one");
	load(&l, &o);
	vec_for_each(&o.functions, f)
		redirect(&l, f, false);
	/* note() was called once before: its static goes on; 42 + the first of 'extra'. */
	assert_int_equal(work(1, "42"), 2 + 8 + 5 + 2 * 1000 + 42 + 101);
	assert_int_equal(work(2, "1"), 4 + 9 + 5 + 3 * 1000 + 1 + 102);
	assert_int_equal(calls(), 1 + 10 + 10);
	assert_string_equal(last(), "1");
	assert_string_equal(name(0), "none");
	assert_string_equal(name(1), "ONE");
	assert_string_equal(name(5), "five");
	assert_string_equal(name(6), "many");
	vec_for_each(&o.functions, f)
		redirect(&l, f, true);
	assert_int_equal(work(1, "b"), 2 + 9 + 5);
	assert_string_equal(name(0), "zero");
	dlclose(l.library);
}

static void test_exceptions_go_through_new_code(void **state)
{
	struct hotpatch_object o __cleanup_hotpatch = { 0 };
	struct loaded l = { 0 };
	struct link_map *map;
	void (*begin)(const void *), (*end)(const void *);
	int (*guarded)(int);
	const void *table;

	(void)state;
	build("g++", cxx_before, cxx_after, "int other;\n");
	make(&o);
	assert_int_equal(o.functions.n, 3);
	assert_true(o.eh_frame_n > 0);
	l.library = dlopen(in_dir("lib.so"), RTLD_NOW | RTLD_GLOBAL);
	assert_non_null(l.library);
	assert_int_equal(dlinfo(l.library, RTLD_DI_LINKMAP, &map), 0);
	l.bias = map->l_addr;
	*(void **)&guarded = dlsym(l.library, "guarded");
	*(void **)&begin = dlsym(l.library, "__register_frame");
	*(void **)&end = dlsym(l.library, "__deregister_frame");
	assert_true(begin && end);
	assert_int_equal(guarded(7), 27);
	assert_int_equal(guarded(11), -1);
	load(&l, &o);
	table = (const void *)(uintptr_t)(l.part[HOTPATCH_CONST] + o.eh_frame);
	begin(table);
	vec_for_each(&o.functions, f)
		redirect(&l, f, false);
	assert_int_equal(guarded(1), 122);
	assert_int_equal(guarded(7), -10);
	/* Caught by old code, thrown through new. */
	vec_for_each(&o.functions, f)
		if (str_equal(f->name, "guarded"))
			redirect(&l, f, true);
	assert_int_equal(guarded(7), -1);
	vec_for_each(&o.functions, f)
		redirect(&l, f, true);
	end(table);
	assert_int_equal(guarded(7), 27);
	dlclose(l.library);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_code_does_what_the_new_source_says),
		cmocka_unit_test(test_exceptions_go_through_new_code),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

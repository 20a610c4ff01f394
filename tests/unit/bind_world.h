/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Run-pre matching on small programs: a "shipped" image is linked from units that are
 * compiled without a section for each function, as kernels are; one unit's other build, with
 * such sections, is bound to it.
 */
#ifndef SUTURE_TESTS_BIND_WORLD_H
#define SUTURE_TESTS_BIND_WORLD_H

#include "snippet.h"

#include "bind/binding.h"

struct bound {
	struct tmpdir dir;
	struct image *image;
	struct object *object;
	struct binding *binding;
};

static inline void release(struct bound *b)
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
static inline void ship(struct bound *b, bool module, const char *const *units)
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

static inline void build(struct bound *b, const char *text, const char *flag)
{
	const char *const flags[4] = { NO_PADDING, flag };
	char *path __free = str_printf("%s/before.o", b->dir.path);

	compile_snippet(b->dir.path, "c", text, path, flags);
	ok(object_read(path, &b->object));
}

/* Ship the units, bind the build of 'text' to them. */
static inline void bind_it(struct bound *b, bool module, const char *text, const char *flag,
			   const char *const *units)
{
	ship(b, module, units);
	build(b, text, flag);
	ok(binding_compute(b->object, b->image, NULL, &b->binding));
}
#define units(...) ((const char *const[]){ __VA_ARGS__, NULL })

static inline const struct placement *placed(const struct bound *b, const char *name)
{
	const struct symbol *s = object_symbol(b->object, name);

	if (!s)
		fail_msg("the object has no %s", name);
	return &b->binding->placements[s->index];
}

/* The address of the image's only symbol of that name. */
static inline uint64_t address(const struct bound *b, const char *name)
{
	size_t first;

	assert_int_equal(image_symbols_named(b->image, name, &first), 1);
	return b->image->symbols.v[b->image->name_order.v[first]].address;
}

static inline void expect(const struct bound *b, const char *name, enum bind_how how)
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

static inline void expect_none(const struct bound *b, const char *name, const char *word)
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

/* The same without any name in the image, so that none can be used. */
static inline void bind_nameless(struct bound *b, const char *text, const char *const *units)
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

static const char twin_a[] = "extern int counter; int use_a;\n"
			     "static " NOINLINE "int twin(int x)\n"
			     "{ counter += x; return x * 77 + (counter >> 2) + (x << 4); }\n"
			     "int a(int x) { use_a++; return twin(x) + 1; }\n";
static const char twin_b[] = "extern int counter; int use_b;\n"
			     "static " NOINLINE "int twin(int x)\n"
			     "{ counter += x; return x * 77 + (counter >> 2) + (x << 4); }\n"
			     "int b(int x) { use_b++; return twin(x) + 2; }\n";

#endif

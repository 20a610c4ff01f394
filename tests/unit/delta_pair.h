/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two builds of one source text, and their delta. */
#ifndef SUTURE_TESTS_DELTA_PAIR_H
#define SUTURE_TESTS_DELTA_PAIR_H

#include "delta/delta.h"

#include "snippet.h"

struct pair {
	struct tmpdir dir;
	struct object *before, *after;
	struct delta *delta;
};

static inline void pair_compile_by(struct pair *p, const char *compiler, const char *before,
				   const char *after, const char *const flags[4])
{
	char *a __free = NULL, *b __free = NULL;

	ok(tmpdir_make(NULL, &p->dir));
	a = str_printf("%s/before.o", p->dir.path);
	b = str_printf("%s/after.o", p->dir.path);
	compile_snippet_by(compiler, p->dir.path, "c", before, a, flags);
	compile_snippet_by(compiler, p->dir.path, "c", after, b, flags);
	ok(object_read(a, &p->before));
	ok(object_read(b, &p->after));
}

/* As pair_make(), but the delta is left to the caller. */
static inline void pair_compile(struct pair *p, const char *before, const char *after)
{
	static const char *const flags[4] = { "-pg", "-mfentry", "-mrecord-mcount" };

	pair_compile_by(p, "gcc", before, after, flags);
}

/* By another compiler, or with other flags. */
static inline void pair_make_by(struct pair *p, const char *compiler, const char *before,
				const char *after, const char *const flags[4])
{
	pair_compile_by(p, compiler, before, after, flags);
	ok(delta_compute(p->before, p->after, &p->delta));
}

static inline void pair_make(struct pair *p, const char *before, const char *after)
{
	pair_compile(p, before, after);
	ok(delta_compute(p->before, p->after, &p->delta));
}

static inline void pair_free(struct pair *p)
{
	delta_free(&p->delta);
	object_free(&p->before);
	object_free(&p->after);
	tmpdir_remove(&p->dir);
}
#define __cleanup_pair __cleanup(pair_free)

static inline const struct delta_item *item_named(const struct delta *d, const char *name)
{
	vec_for_each(&d->items, it)
		if ((*it)->symbol && str_equal((*it)->symbol->name, name))
			return *it;
	return NULL;
}

/* Like item_named(), for names that the compiler numbers: "count" finds count.3. */
static inline const struct delta_item *item_starting(const struct delta *d, const char *stem)
{
	vec_for_each(&d->items, it)
		if ((*it)->symbol && str_starts((*it)->symbol->name, stem))
			return *it;
	return NULL;
}

static inline size_t count_kind(const struct delta *d, enum delta_kind kind)
{
	size_t n = 0;

	vec_for_each(&d->items, it)
		n += (*it)->kind == kind;
	return n;
}

static inline const struct delta_finding *finding(const struct delta *d, const char *code)
{
	vec_for_each(&d->findings, f)
		if (str_equal(f->code, code))
			return f;
	return NULL;
}

/* Tells what was found instead when a test is about to fail. */
static inline void show_delta(const struct delta *d)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	ok(delta_print(d, &text));
	print_message("%s", strbuf_str(&text));
}

static inline void expect_nothing(const struct delta *d)
{
	if (d->items.n || d->findings.n)
		show_delta(d);
	assert_int_equal(d->items.n, 0);
	assert_int_equal(d->findings.n, 0);
}

/* Exactly this function changed, and nothing is refused. */
static inline void expect_changed(const struct delta *d, const char *name)
{
	const struct delta_item *i = item_named(d, name);

	if (!i || d->findings.n || count_kind(d, DELTA_CHANGED_FUNCTION) != 1)
		show_delta(d);
	assert_int_equal(d->findings.n, 0);
	assert_int_equal(count_kind(d, DELTA_CHANGED_FUNCTION), 1);
	assert_non_null(i);
	assert_int_equal(i->kind, DELTA_CHANGED_FUNCTION);
}

static inline void expect_finding(const struct delta *d, const char *code, const char *where)
{
	const struct delta_finding *f = finding(d, code);

	if (!f || !str_equal(f->where, where))
		show_delta(d);
	assert_non_null(f);
	assert_string_equal(f->where, where);
}

static inline const struct outside *outside_named(const struct extraction *x, const char *name)
{
	vec_for_each(&x->outside, o)
		if (str_equal(o->symbol->name, name))
			return o;
	return NULL;
}

static inline const struct reloc *reloc_naming(const struct section *s, const struct symbol *sym)
{
	vec_for_each(&s->relocs, r)
		if (r->symbol == sym)
			return r;
	return NULL;
}

#endif

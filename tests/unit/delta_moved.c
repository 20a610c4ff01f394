// SPDX-License-Identifier: GPL-2.0-or-later
/* Functions that a change moves out of the object, or removes. */
#include "delta/delta.h"

#include "snippet.h"

struct pair {
	struct tmpdir dir;
	struct object *before, *after;
	struct delta *delta;
};

static void make_pair(struct pair *p, const char *before, const char *after)
{
	const char *const extra[4] = { "-pg", "-mfentry", "-mrecord-mcount" };
	char *a __free = NULL, *b __free = NULL;

	ok(tmpdir_make(NULL, &p->dir));
	a = str_printf("%s/before.o", p->dir.path);
	b = str_printf("%s/after.o", p->dir.path);
	compile_snippet(p->dir.path, "c", before, a, extra);
	compile_snippet(p->dir.path, "c", after, b, extra);
	ok(object_read(a, &p->before));
	ok(object_read(b, &p->after));
	ok(delta_compute(p->before, p->after, &p->delta));
}

static void free_pair(struct pair *p)
{
	delta_free(&p->delta);
	object_free(&p->before);
	object_free(&p->after);
	tmpdir_remove(&p->dir);
}

static const struct outside *outside_named(const struct extraction *x, const char *name)
{
	vec_for_each(&x->outside, o)
		if (str_equal(o->symbol->name, name))
			return o;
	return NULL;
}

/* The old static must not be called: another object's new function of that name is meant. */
static void test_a_function_that_moved_to_another_file_is_not_its_old_static(void **state)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct pair p = { 0 };
	const struct outside *o;

	(void)state;
	make_pair(&p,
		  "static __attribute__((noinline)) int helper(int x) { return x * 3 + 1; }\n"
		  "int known(int);\n"
		  "int caller(int x) { return helper(x) + known(x); }\n",
		  "int helper(int x);\n"
		  "int known(int);\n"
		  "int caller(int x) { return helper(x) + known(x); }\n");
	ok(delta_extract(p.delta, &x));
	o = outside_named(x, "helper");
	assert_non_null(o);
	assert_null(o->before);
	o = outside_named(x, "known");
	assert_non_null(o);
	assert_non_null(o->before);
	free_pair(&p);
}

static bool has_finding(const struct delta *d, const char *code)
{
	vec_for_each(&d->findings, f)
		if (str_equal(f->code, code))
			return true;
	return false;
}

#define CLONED                    \
	"extern int sink(int);\n" \
	"static __attribute__((noinline)) int helper(int x, int mode)\n"

static void test_a_removed_caller_of_a_changed_clone_is_refused(void **state)
{
	struct pair p = { 0 };

	(void)state;
	make_pair(&p,
		  CLONED "{ return sink(x) * mode + sink(x + mode); }\n"
			 "int gone(int x) { return helper(x, 7) + 1; }\n"
			 "int stays(int x) { return helper(x, 7) + 2; }\n",
		  CLONED "{ return sink(x) * mode + sink(x - mode); }\n"
			 "int stays(int x) { return helper(x, 9) + 2; }\n");
	assert_true(has_finding(p.delta, "ambiguous-clone"));
	free_pair(&p);
}

static void test_a_clone_whose_callers_stay_may_change(void **state)
{
	struct pair p = { 0 };

	(void)state;
	make_pair(&p,
		  CLONED "{ return sink(x) * mode + sink(x + mode); }\n"
			 "int stays(int x) { return helper(x, 7) + 2; }\n",
		  CLONED "{ return sink(x) * mode + sink(x - mode); }\n"
			 "int stays(int x) { return helper(x, 7) + 2; }\n");
	assert_false(has_finding(p.delta, "ambiguous-clone"));
	assert_true(p.delta->items.n > 0);
	free_pair(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_function_that_moved_to_another_file_is_not_its_old_static),
		cmocka_unit_test(test_a_removed_caller_of_a_changed_clone_is_refused),
		cmocka_unit_test(test_a_clone_whose_callers_stay_may_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

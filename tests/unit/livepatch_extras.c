// SPDX-License-Identifier: GPL-2.0-or-later
/* What a fix's own C says by suture/patch.h, from the extracted object into the module. */
#include "livepatch_world.h"

#include <stddef.h>

/* As the macros of suture/patch.h write it. */
#define MACROS                                                                                \
	"struct set { int (*pre)(void *); void (*post)(void *), (*pre_un)(void *), "          \
	"(*post_un)(void *); long line; };\n"                                                 \
	"#define CALLBACKS(name, ...) static const struct set name __attribute__((used, "     \
	"aligned(8), section(\".suture.callbacks\"))) = { .line = __LINE__, __VA_ARGS__ };\n" \
	"struct state { unsigned long id, version; };\n"                                      \
	"#define STATE(name, ...) static const struct state name __attribute__((used, "       \
	"aligned(8), section(\".suture.states\"))) = { __VA_ARGS__ };\n"
#define OLD "int old_function(void) { return 1; }\n"

static const struct suture_patch_record *head_of(const struct world *w)
{
	const struct section *s = object_section(w->out, ".suture.patch");

	assert_non_null(s);
	assert_int_equal(s->size, sizeof(struct suture_patch_record));
	return (const void *)s->bytes;
}

/* The function that a callback's record points to; NULL if none. */
static const char *callback(const struct world *w, size_t set, size_t offset)
{
	const struct section *s = object_section(w->out, ".suture.sets");
	uint64_t at = set * sizeof(struct suture_callbacks_record) + offset;

	assert_non_null(s);
	vec_for_each(&s->relocs, r)
		if (r->offset == at)
			return r->symbol->name;
	return NULL;
}

static void test_callbacks_are_called_in_the_order_of_their_sets(void **state)
{
	struct world w __cleanup_world = { 0 };
	const struct suture_object_record *object;

	(void)state;
	world_make(&w, "vmlinux",
		   MACROS OLD
		   "static int a(void *o) { return !o; } static void b(void *o) { (void)o; }\n"
		   "static void c(void *o) { (void)&o; }\n"
		   "CALLBACKS(first, .pre = a, .post_un = b)\nCALLBACKS(second, .post = c)\n");
	ok(world_link(&w));
	assert_null(object_section(w.out, ".suture.callbacks"));
	object = (const void *)object_section(w.out, ".suture.objects")->bytes;
	assert_int_equal(head_of(&w)->n_objects, 1);
	assert_int_equal(object->n_funcs, 1);
	assert_int_equal(object->n_sets, 2);
	assert_string_equal(callback(&w, 0, offsetof(struct suture_callbacks_record, pre_patch)),
			    "a");
	assert_string_equal(callback(&w, 0, offsetof(struct suture_callbacks_record, post_unpatch)),
			    "b");
	assert_null(callback(&w, 0, offsetof(struct suture_callbacks_record, post_patch)));
	assert_string_equal(callback(&w, 1, offsetof(struct suture_callbacks_record, post_patch)),
			    "c");
	assert_int_equal(w.account->callbacks.n, 3);
	assert_string_equal(w.account->callbacks.v[1].when, "post_unpatch");
	assert_string_equal(w.account->callbacks.v[1].function, "b");
	assert_string_equal(w.account->callbacks.v[1].object, "vmlinux");
}

static void test_a_patch_may_be_callbacks_alone(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux",
		   MACROS OLD "static int a(void *o) { return !o; } CALLBACKS(first, .pre = a)\n");
	w.x.replacements.n = 0;
	ok(world_link(&w));
	assert_int_equal(head_of(&w)->n_funcs, 0);
	assert_int_equal(head_of(&w)->n_objects, 1);
}

static void test_a_patch_of_nothing_is_none(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", MACROS OLD "STATE(s, 7, 1)\n");
	w.x.replacements.n = 0;
	expect_error(world_link(&w), "no function to redirect");
}

static void test_a_callback_must_be_the_fixs_own(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux",
		   MACROS OLD "int unexported(void *); CALLBACKS(x, .pre = unexported)\n");
	place(&w, "unexported", TEXT + 0x800);
	world_refused(&w, "not a function that the fix adds");
}

static void test_records_of_another_size_are_refused(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux",
		   OLD "static const char x[32] __attribute__((used, section("
		       "\".suture.callbacks\"))) = \"no callbacks\";\n");
	world_refused(&w, "makes no sense");
}

static void test_a_state_without_an_id_is_refused(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", MACROS OLD "STATE(s, 0, 3)\n");
	world_refused(&w, "makes no sense");
}

static void test_a_state_that_is_named_twice_counts_in_its_highest_version(void **state)
{
	struct world w __cleanup_world = { 0 };
	const struct suture_state_record *r;

	(void)state;
	world_make(&w, "vmlinux", MACROS OLD "STATE(a, 7, 2) STATE(b, 9, 1) STATE(c, 7, 3)\n");
	ok(world_link(&w));
	assert_null(object_section(w.out, ".suture.states"));
	r = (const void *)object_section(w.out, ".suture.state")->bytes;
	assert_int_equal(head_of(&w)->n_states, 2);
	assert_int_equal(r[0].id, 7);
	assert_int_equal(r[0].version, 3);
	assert_int_equal(r[1].id, 9);
	assert_int_equal(w.account->states.n, 2);
	assert_int_equal(w.account->states.v[0].version, 3);
}

static void test_replace_is_told_to_the_glue(void **state)
{
	struct world w __cleanup_world = { 0 }, v __cleanup_world = { 0 };

	(void)state;
	world_make(&w, "vmlinux", OLD);
	ok(world_link(&w));
	assert_int_equal(head_of(&w)->replace, 0);
	world_make(&v, "vmlinux", OLD);
	v.replace = true;
	ok(world_link(&v));
	assert_int_equal(head_of(&v)->replace, 1);
}

static void test_the_fixs_own_code_finds_its_patch_in_the_glue(void **state)
{
	struct world w __cleanup_world = { 0 };
	const struct reloc *r;

	(void)state;
	world_make(&w, "vmlinux",
		   "extern char suture_klp_patch[]; int old_function(void) { return "
		   "suture_klp_patch[3]; }\n");
	w.x.outside.v[0].before = NULL;
	ok(world_link(&w));
	r = reloc_to(w.out, ".text", "suture_klp_patch");
	assert_non_null(r);
	assert_non_null(r->symbol->section);
	assert_int_equal(w.account->references.n, 2); /* what the glue itself needs */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_callbacks_are_called_in_the_order_of_their_sets),
		cmocka_unit_test(test_a_patch_may_be_callbacks_alone),
		cmocka_unit_test(test_a_patch_of_nothing_is_none),
		cmocka_unit_test(test_a_callback_must_be_the_fixs_own),
		cmocka_unit_test(test_records_of_another_size_are_refused),
		cmocka_unit_test(test_a_state_without_an_id_is_refused),
		cmocka_unit_test(test_a_state_that_is_named_twice_counts_in_its_highest_version),
		cmocka_unit_test(test_replace_is_told_to_the_glue),
		cmocka_unit_test(test_the_fixs_own_code_finds_its_patch_in_the_glue),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

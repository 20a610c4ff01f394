// SPDX-License-Identifier: GPL-2.0-or-later
/* Pointers to functions of a kernel with indirect branch tracking. */
#include "livepatch_world.h"

#define POINTS(name)                                                                        \
	"void " name "(void); void (*volatile p)(void); int old_function(void) { p = " name \
	"; return 1; }\n"
#define SEAL_AT (TEXT + 0x20000)
#define UNEXPORTED (TEXT + 0x800)

static uint8_t text_bytes[0x1000];
static int32_t seal[1];

static void add_segment(struct image *img, const char *name, uint64_t address, void *bytes,
			uint64_t size, bool executable)
{
	ok(vec_push(&img->segments, (struct image_segment){ .address = address,
							    .size = size,
							    .bytes = bytes,
							    .name = name,
							    .executable = executable }));
}

/* unexported() begins with an ENDBR; the kernel's list of those to remove names 'sealed'. */
static void make_kernel(struct world *w, const char *text, uint64_t sealed)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };

	world_make(w, "vmlinux", text);
	memset(text_bytes, 0x90, sizeof(text_bytes));
	memcpy(text_bytes + (UNEXPORTED - TEXT), endbr64, sizeof(endbr64));
	seal[0] = (int32_t)(sealed - SEAL_AT);
	add_segment(w->vmlinux, ".text", TEXT, text_bytes, sizeof(text_bytes), true);
	add_segment(w->vmlinux, ".ibt_endbr_seal", SEAL_AT, seal, sizeof(seal), false);
	vec_for_each(&w->x.outside, o)
		o->pointed = true;
}

/* The before build does not point to it. */
static void is_new(struct world *w, const char *name)
{
	vec_for_each(&w->x.outside, o)
		if (str_equal(o->symbol->name, name))
			o->before = NULL;
}

static void test_a_function_with_an_endbr_may_be_pointed_to(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	make_kernel(&w, POINTS("unexported"), TEXT + 0x100);
	is_new(&w, "unexported");
	ok(world_link(&w));
}

static void test_a_function_whose_endbr_is_removed_at_boot_is_not_pointed_to(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	make_kernel(&w, POINTS("unexported"), UNEXPORTED);
	is_new(&w, "unexported");
	world_refused(&w, "the address of unexported()");
}

static void test_a_function_without_an_endbr_is_not_pointed_to(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	make_kernel(&w, POINTS("unexported"), TEXT + 0x100);
	is_new(&w, "unexported");
	text_bytes[UNEXPORTED - TEXT] = 0x90;
	world_refused(&w, "the address of unexported()");
}

static void test_what_the_running_code_points_to_may_be_pointed_to(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	make_kernel(&w, POINTS("unexported"), UNEXPORTED);
	place(&w, "unexported", UNEXPORTED);
	ok(world_link(&w));
}

/* The .data of kernels from 7.x on says that it can be executed. */
static void test_data_needs_no_endbr_even_if_it_seems_to_be_code(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	make_kernel(&w, POINTS("unexported"), TEXT + 0x100);
	is_new(&w, "unexported");
	text_bytes[UNEXPORTED - TEXT] = 0x90;
	w.vmlinux->segments.v[0].writable = true;
	ok(world_link(&w));
}

static void test_calls_need_no_endbr(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	make_kernel(&w, CALLS("unexported"), UNEXPORTED);
	is_new(&w, "unexported");
	vec_for_each(&w.x.outside, o)
		o->pointed = false;
	ok(world_link(&w));
}

static void test_kernels_without_tracking_do_not_care(void **state)
{
	struct world w __cleanup_world = { 0 };

	(void)state;
	make_kernel(&w, POINTS("unexported"), UNEXPORTED);
	is_new(&w, "unexported");
	w.vmlinux->segments.v[1].name = "other";
	ok(world_link(&w));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_function_with_an_endbr_may_be_pointed_to),
		cmocka_unit_test(test_a_function_whose_endbr_is_removed_at_boot_is_not_pointed_to),
		cmocka_unit_test(test_a_function_without_an_endbr_is_not_pointed_to),
		cmocka_unit_test(test_what_the_running_code_points_to_may_be_pointed_to),
		cmocka_unit_test(test_data_needs_no_endbr_even_if_it_seems_to_be_code),
		cmocka_unit_test(test_calls_need_no_endbr),
		cmocka_unit_test(test_kernels_without_tracking_do_not_care),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

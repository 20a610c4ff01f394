// SPDX-License-Identifier: GPL-2.0-or-later
/* What a kernel's tracepoints of allocations hand over, and where a patch's code is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <bpf/btf.h>
#include <cmocka.h>

#include "flow/own_code.h"
#include "probe/leak.h"
#include "probe/places.h"

/* A kernel's types, as far as they are looked at. */
struct types {
	struct btf *btf;
	int number, pointer;
};

static void add_point(const struct types *t, const char *name, const char *arguments)
{
	int proto = btf__add_func_proto(t->btf, 0), to;

	assert_true(proto > 0);
	assert_int_equal(btf__add_func_param(t->btf, "", t->pointer), 0);
	for (const char *a = arguments; *a; a++)
		assert_int_equal(
			btf__add_func_param(t->btf, "", *a == 'p' ? t->pointer : t->number), 0);
	to = btf__add_ptr(t->btf, proto);
	assert_true(btf__add_typedef(t->btf, name, to) > 0);
}

static bool fits(const char *kmalloc, const char *kmem_cache_alloc, const char *kfree)
{
	struct types t = { .btf = btf__new_empty() };
	bool is;

	t.number = btf__add_int(t.btf, "unsigned long", 8, 0);
	t.pointer = btf__add_ptr(t.btf, 0);
	add_point(&t, "btf_trace_kmalloc", kmalloc);
	if (kmem_cache_alloc)
		add_point(&t, "btf_trace_kmem_cache_alloc", kmem_cache_alloc);
	add_point(&t, "btf_trace_kfree", kfree);
	add_point(&t, "btf_trace_kmem_cache_free", "npp");
	is = leak_fits(t.btf);
	btf__free(t.btf);
	return is;
}

static void test_tracepoints_that_hand_over_what_is_taken_fit(void **state)
{
	(void)state;
	assert_true(fits("npnnnn", "nppnn", "np"));
	assert_true(fits("npnn", "npp", "np"));
}

static void test_tracepoints_of_another_form_or_missing_do_not(void **state)
{
	(void)state;
	/* As Linux 5.19 has it, with the cache before the sizes. */
	assert_false(fits("nppnnn", "nppnnn", "np"));
	/* As 5.15 has it, with sizes in place of the cache. */
	assert_false(fits("npnnn", "npnnn", "np"));
	assert_false(fits("npnnnn", NULL, "np"));
	assert_false(fits("npnnnn", "nppnn", "n"));
}

static void test_one_call_in_sixteen_pays(void **state)
{
	(void)state;
	assert_int_equal(leak_drawn(0, 1000), 64);
	assert_int_equal(leak_drawn(1000, 0), 64);
	assert_int_equal(leak_drawn(10, 1000), 16);
	assert_int_equal(leak_drawn(1000, 1000), 16);
	assert_int_equal(leak_drawn(3000, 1000), 64);
	assert_int_equal(leak_drawn(100000, 1000), 2048);
	assert_int_equal(leak_drawn(UINT64_MAX, 1), 4096);
}

static void test_places_are_added_up_to_their_number(void **state)
{
	static struct places p;
	struct code_place some[PLACES_MOST] = { { 16, 32 } };
	struct error *e;

	(void)state;
	assert_null(places_add(&p, some, 2));
	assert_null(places_add(&p, some, 1));
	assert_int_equal(p.n, 3);
	assert_int_equal(p.v[2].end, 32);
	e = places_add(&p, some, PLACES_MOST - 2);
	assert_non_null(e);
	error_free(&e);
	assert_int_equal(p.n, 3);
}

static void test_text_is_code_that_stays(void **state)
{
	static const struct {
		struct section s;
		bool is;
	} rows[] = {
		{ { .name = ".text", .flags = SHF_ALLOC | SHF_EXECINSTR, .size = 8 }, true },
		{ { .name = ".text.unlikely", .flags = SHF_ALLOC | SHF_EXECINSTR, .size = 8 },
		  true },
		{ { .name = ".text", .flags = SHF_ALLOC | SHF_EXECINSTR }, false },
		{ { .name = ".init.text", .flags = SHF_ALLOC | SHF_EXECINSTR, .size = 8 }, false },
		{ { .name = ".rodata", .flags = SHF_ALLOC, .size = 8 }, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(own_code_is_text(&rows[i].s), rows[i].is);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tracepoints_that_hand_over_what_is_taken_fit),
		cmocka_unit_test(test_tracepoints_of_another_form_or_missing_do_not),
		cmocka_unit_test(test_one_call_in_sixteen_pays),
		cmocka_unit_test(test_places_are_added_up_to_their_number),
		cmocka_unit_test(test_text_is_code_that_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

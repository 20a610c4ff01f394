// SPDX-License-Identifier: GPL-2.0-or-later
/* Is memory lost? And what a guest, a matrix file and a worker say, read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "trial/blockers.h"
#include "trial/event.h"
#include "trial/matrix.h"
#include "trial/memory.h"

static struct arena arena;
static struct strbuf words;

static void ok(struct error *e)
{
	if (e)
		fail_msg("%s", error_message(e));
}

static int tidy(void **state)
{
	(void)state;
	arena_free(&arena);
	strbuf_free(&words);
	return 0;
}

/* --- memory ------------------------------------------------------------------------- */

#define WITHOUT 3
#define WITH 4

/* kB of slabs, and objects of one slab, that each block leaves. */
static bool leaks(const uint64_t *without, const uint64_t *with, unsigned int per_object)
{
	struct memory_slab slabs[WITHOUT + WITH];
	struct memory_sample a[WITHOUT], b[WITH];
	struct memory_series s = { a, b, WITHOUT, WITH, 50 };
	uint64_t at = 40000;
	bool found;

	strbuf_free(&words);
	for (size_t i = 0; i < WITHOUT + WITH; i++) {
		struct memory_sample *m = i < WITHOUT ? &a[i] : &b[i - WITHOUT];

		if (i && i < WITHOUT)
			at += without[i - 1];
		if (i > WITHOUT)
			at += with[i - WITHOUT - 1];
		slabs[i] = (struct memory_slab){ "kmalloc-64", per_object ? at / per_object : 7 };
		*m = (struct memory_sample){ at, 90000, &slabs[i], 1 };
	}
	ok(memory_leaks(&s, &found, &words));
	return found;
}

static void test_growth_in_every_block_beyond_the_threshold_is_a_leak(void **state)
{
	(void)state;
	assert_true(leaks((uint64_t[]){ 4, 8 }, (uint64_t[]){ 200, 196, 204 }, 0));
	assert_non_null(strstr(words.s, "grew by 600 kB in 150 runs"));
}

static void test_growth_that_the_machine_has_without_the_patch_is_none(void **state)
{
	(void)state;
	assert_false(leaks((uint64_t[]){ 200, 190 }, (uint64_t[]){ 200, 196, 204 }, 0));
}

static void test_one_large_step_is_no_leak(void **state)
{
	(void)state;
	assert_false(leaks((uint64_t[]){ 0, 0 }, (uint64_t[]){ 900, 0, 0 }, 0));
}

static void test_growth_below_the_threshold_is_none(void **state)
{
	(void)state;
	assert_false(leaks((uint64_t[]){ 0, 0 }, (uint64_t[]){ 40, 40, 40 }, 0));
}

static void test_an_object_a_run_is_a_leak_however_small_it_is(void **state)
{
	(void)state;
	/* 52 kB a block are 52 objects: one a run. */
	assert_true(leaks((uint64_t[]){ 1, 0 }, (uint64_t[]){ 52, 50, 51 }, 1));
	assert_non_null(strstr(words.s, "kmalloc-64 grew by 153 objects in 150 runs"));
	assert_false(leaks((uint64_t[]){ 51, 50 }, (uint64_t[]){ 52, 50, 51 }, 1));
}

static void test_a_sample_is_read_from_what_the_guest_prints(void **state)
{
	struct memory_sample m;

	(void)state;
	ok(memory_parse("MemTotal:  1000 kB\nMemFree: 300 kB\nBuffers: 10 kB\nCached: 90 kB\n"
			"AnonPages: 50 kB\nSReclaimable: 100 kB\nSUnreclaim:  70 kB\n"
			"slab kmalloc-64   33 64 64\nslab dentry 5 6\n",
			&arena, &m));
	assert_int_equal(m.unreclaimable, 70);
	assert_int_equal(m.held, 450);
	assert_int_equal(m.n, 2);
	assert_string_equal(m.slabs[0].name, "kmalloc-64");
	assert_int_equal(m.slabs[0].objects, 33);
	assert_int_equal(m.slabs[1].objects, 5);
}

static void test_what_is_no_sample_is_an_error(void **state)
{
	struct memory_sample m;
	struct error *e = memory_parse("cat: no such file\n", &arena, &m);

	(void)state;
	assert_non_null(e);
	error_free(&e);
}

/* --- blockers ----------------------------------------------------------------------- */

static void test_who_holds_a_transition_up_is_told_with_the_function(void **state)
{
	struct bundle_function f = { .object = "vmlinux", .name = "kswapd" };
	struct bundle_payload p = { .functions = { &f, 1, 1 } };
	struct strbuf out __cleanup_strbuf = { 0 };

	(void)state;
	ok(blockers_explain("late 60.000\ntask 41 kswapd0\nat schedule+0x5e/0xd0\n"
			    "at kswapd+0x1f0/0x380\nat kthread+0xe6/0x110\ntask 50 other\n"
			    "at kswapd_run+0x1/0x2\nwaiting 2\n",
			    &p, &out));
	assert_string_equal(out.s, "kswapd0 (task 41) is in kswapd\n    schedule+0x5e/0xd0\n"
				   "    kswapd+0x1f0/0x380\n    kthread+0xe6/0x110\n"
				   "other (task 50) can't be switched\n    kswapd_run+0x1/0x2");
}

static void test_no_blocker_is_said_to_be_none(void **state)
{
	struct bundle_payload p = { 0 };
	struct strbuf out __cleanup_strbuf = { 0 };

	(void)state;
	ok(blockers_explain("late 60.000\nwaiting 0\n", &p, &out));
	assert_non_null(strstr(out.s, "idle task"));
}

/* --- the matrix --------------------------------------------------------------------- */

static struct error *matrix(const char *text, struct trial_kernels *out)
{
	const struct trial_kernel usual = { .cpus = 2, .repeat = 3 };

	return matrix_parse("m", text, &usual, &arena, out);
}

static void test_a_matrix_has_a_kernel_a_line_with_its_options(void **state)
{
	struct trial_kernels k = { 0 };

	(void)state;
	ok(matrix("# all of ours\n\nkernel:6.1.0-50-amd64\n"
		  "tree:/x  smp=4 repeat=0 memory=1024 append=a=1 append=b # two words\n",
		  &k));
	assert_int_equal(k.v.n, 2);
	assert_string_equal(k.v.v[0].name, "kernel:6.1.0-50-amd64");
	assert_int_equal(k.v.v[0].cpus, 2);
	assert_int_equal(k.v.v[0].repeat, 3);
	assert_null(k.v.v[0].append);
	assert_string_equal(k.v.v[1].name, "tree:/x");
	assert_int_equal(k.v.v[1].cpus, 4);
	assert_int_equal(k.v.v[1].repeat, 0);
	assert_int_equal(k.v.v[1].memory, 1024);
	assert_string_equal(k.v.v[1].append, "a=1 b");
	vec_free(&k.v);
}

static void test_what_a_matrix_may_not_say_is_told_with_its_line(void **state)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{ "kernel:a\nkernel:a\n", "m:2: kernel:a is there twice" },
		{ "vmlinuz\n", "m:1: 'vmlinuz' is no kernel" },
		{ "kernel:a smp=0\n", "m:1: smp=0 is out of range" },
		{ "kernel:a smp=many\n", "m:1: 'many' is not a number" },
		{ "kernel:a speed=9\n", "m:1: 'speed=9'" },
		{ "# nothing\n", "m names no kernel" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct trial_kernels k = { 0 };
		struct error *e = matrix(rows[i].text, &k);

		assert_non_null(e);
		assert_int_equal(error_kind(e), ERROR_USAGE);
		if (strncmp(error_message(e), rows[i].words, strlen(rows[i].words)))
			fail_msg("'%s' is not '%s'", error_message(e), rows[i].words);
		error_free(&e);
		vec_free(&k.v);
	}
}

/* --- events ------------------------------------------------------------------------- */

static void test_a_result_goes_through_a_line_and_back(void **state)
{
	const struct phase_result r = { PHASE_TRANSITION, OUTCOME_FAIL, 1.5,
					"a \"word\"\nand a second line" };
	struct strbuf line __cleanup_strbuf = { 0 };
	struct phase_result back;

	(void)state;
	ok(event_write("kernel:x", &r, &line));
	assert_ptr_equal(strchr(line.s, '\n'), line.s + line.n - 1);
	ok(event_read(line.s, line.n, &arena, &back));
	assert_int_equal(back.phase, r.phase);
	assert_int_equal(back.outcome, r.outcome);
	assert_true(back.seconds > 1.49 && back.seconds < 1.51);
	assert_string_equal(back.why, r.why);
}

static void test_a_line_that_is_no_result_is_an_error(void **state)
{
	static const char *const lines[] = {
		"Segmentation fault", "{}",
		"{\"phase\":\"load\",\"outcome\":\"good\",\"why\":null}",
		"{\"phase\":\"lunch\",\"outcome\":\"pass\",\"why\":null}"
	};
	struct phase_result back;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct error *e = event_read(lines[i], strlen(lines[i]), &arena, &back);

		assert_non_null(e);
		error_free(&e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_growth_in_every_block_beyond_the_threshold_is_a_leak),
		cmocka_unit_test(test_growth_that_the_machine_has_without_the_patch_is_none),
		cmocka_unit_test(test_one_large_step_is_no_leak),
		cmocka_unit_test(test_growth_below_the_threshold_is_none),
		cmocka_unit_test(test_an_object_a_run_is_a_leak_however_small_it_is),
		cmocka_unit_test(test_a_sample_is_read_from_what_the_guest_prints),
		cmocka_unit_test(test_what_is_no_sample_is_an_error),
		cmocka_unit_test(test_who_holds_a_transition_up_is_told_with_the_function),
		cmocka_unit_test(test_no_blocker_is_said_to_be_none),
		cmocka_unit_test(test_a_matrix_has_a_kernel_a_line_with_its_options),
		cmocka_unit_test(test_what_a_matrix_may_not_say_is_told_with_its_line),
		cmocka_unit_test(test_a_result_goes_through_a_line_and_back),
		cmocka_unit_test(test_a_line_that_is_no_result_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, tidy);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a jump may go, and gates, which are run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "hotpatch/count.h"
#include "hotpatch/gate.h"
#include "hotpatch/site.h"

static void sites_are_planned(void **state)
{
	static const struct {
		const char *what;
		uint8_t bytes[24];
		size_t size, n;
		uint64_t address;
		bool stays;
		int offset; /* -1: refused */
		const char *why;
	} rows[] = {
		{ "plain", { 0x55, 0x48, 0x89, 0xe5, 0x5d, 0xc3 }, 6, 6, 0, false, 0, NULL },
		{ "endbr64",
		  { 0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48, 0x89, 0xe5, 0x5d, 0xc3 },
		  10,
		  10,
		  0,
		  false,
		  4,
		  NULL },
		{ "patchable entry",
		  { 0xf3, 0x0f, 0x1e, 0xfa, 0x90, 0x90, 0x90, 0x90, 0x90, 0xc3 },
		  10,
		  10,
		  0,
		  true,
		  4,
		  NULL },
		{ "short, nops behind", { 0xc3, 0x0f, 0x1f, 0x40, 0x00 }, 1, 5, 0, false, 0, NULL },
		{ "short, int3 behind", { 0xc3, 0xcc, 0xcc, 0xcc, 0xcc }, 1, 5, 0, false, 0, NULL },
		{ "short, the next function behind",
		  { 0xc3, 0x55, 0x48, 0x89, 0xe5 },
		  1,
		  5,
		  0,
		  false,
		  -1,
		  "no padding" },
		{ "too little room", { 0xc3, 0x90, 0x90 }, 1, 3, 0, false, -1, "a jump needs 5" },
		{ "endbr64 and too little room",
		  { 0xf3, 0x0f, 0x1e, 0xfa, 0xc3, 0x90 },
		  5,
		  6,
		  0,
		  false,
		  -1,
		  "a jump needs 9" },
		{ "in two pages",
		  { 0x55, 0x48, 0x89, 0xe5, 0x5d, 0xc3 },
		  6,
		  6,
		  0xffd,
		  false,
		  -1,
		  "two pages" },
		/* push; pop; dec; jne to the pop */
		{ "a loop into the jump",
		  { 0x55, 0x5d, 0xff, 0xc8, 0x75, 0xfb, 0xc3 },
		  7,
		  7,
		  0,
		  true,
		  -1,
		  "jumps to +0x1" },
		{ "the same, where nobody may be inside",
		  { 0x55, 0x5d, 0xff, 0xc8, 0x75, 0xfb, 0xc3 },
		  7,
		  7,
		  0,
		  false,
		  0,
		  NULL },
		/* push; ...; a long branch to the sixth byte, behind the jump */
		{ "a loop behind the jump",
		  { 0x55, 0x48, 0x89, 0xe5, 0x90, 0xff, 0xc8, 0x75, 0xfc, 0xc3 },
		  10,
		  10,
		  0,
		  true,
		  0,
		  NULL },
		{ "calls itself",
		  { 0x55, 0x48, 0x89, 0xe5, 0xe8, 0xf7, 0xff, 0xff, 0xff, 0xc3 },
		  10,
		  10,
		  0,
		  true,
		  0,
		  NULL },
		/* mov; jmp *%rax: where to? */
		{ "through a table",
		  { 0x48, 0x89, 0xf8, 0x90, 0x90, 0xff, 0xe0 },
		  7,
		  7,
		  0,
		  true,
		  -1,
		  "table" },
		{ "through a table, with a frame",
		  { 0x55, 0x48, 0x89, 0xe5, 0x90, 0xff, 0xe0 },
		  7,
		  7,
		  0,
		  true,
		  0,
		  NULL },
		{ "no instruction",
		  { 0x55, 0x48, 0x89, 0xe5, 0x06, 0xc3 },
		  6,
		  6,
		  0,
		  true,
		  -1,
		  "no instruction" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct site_function f = { .name = rows[i].what,
					   .address = rows[i].address,
					   .bytes = rows[i].bytes,
					   .size = rows[i].size,
					   .n = rows[i].n,
					   .stays = rows[i].stays };
		size_t offset = 99;
		struct error *e __cleanup_error = site_plan(&f, &offset);

		if (rows[i].offset >= 0 && (e || offset != (size_t)rows[i].offset))
			fail_msg("%s: %s, offset %zu", rows[i].what, e ? error_message(e) : "",
				 offset);
		if (rows[i].offset < 0 && (!e || error_kind(e) != ERROR_REFUSED ||
					   !strstr(error_message(e), rows[i].why)))
			fail_msg("%s: %s", rows[i].what, e ? error_message(e) : "was taken");
	}
}

static void a_jump_leads_where_it_says(void **state)
{
	uint8_t bytes[SITE_JUMP];
	uint64_t to;

	(void)state;
	assert_true(site_jump(0x1000, 0x500, bytes));
	assert_true(site_destination(bytes, 0x1000, &to));
	assert_int_equal(to, 0x500);
	assert_false(site_jump(0x1000, 0x1000 + (1ull << 31) + 5, bytes));
	bytes[0] = 0xe8;
	assert_false(site_destination(bytes, 0x1000, &to));
}

/* --- gates, in memory that may be run --------------------------------------------------- */

typedef int function(int);

/*
 * A page with an old function at 0, a datum at 256 (it holds 7), a helper at 512, a gate at 1024,
 * the flag at 2048 and the new function at 3072.
 */
struct page {
	uint8_t *p;
};

static void page_make(struct page *g)
{
	static const uint8_t fresh[] = { 0xb8, 0xe7, 0x03, 0, 0, 0xc3 }; /* return 999 */
	static const uint8_t helper[] = { 0x8d, 0x47, 0x64, 0xc3 };	 /* return x + 100 */

	g->p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	assert_true(g->p != MAP_FAILED);
	memcpy(g->p + 3072, fresh, sizeof(fresh));
	memcpy(g->p + 512, helper, sizeof(helper));
	g->p[256] = 7;
}

static void gates_do_the_old_or_the_new(void **state)
{
	static const struct {
		const char *what;
		uint8_t bytes[32];
		int gives; /* for 3 */
	} rows[] = {
		{ "mov, add, ret", { 0x89, 0xf8, 0x83, 0xc0, 0x05, 0xc3 }, 8 },
		{ "shorter than a jump", { 0x89, 0xf8, 0xc3, 0x90, 0x90, 0x90 }, 3 },
		/* mov 0x100(%rip),... : the datum, from offset 6 */
		{ "a datum relative to the instruction",
		  { 0x8b, 0x05, 0xfa, 0x00, 0x00, 0x00, 0x01, 0xf8, 0xc3 },
		  10 },
		/* cmpl $7, datum(%rip): an immediate behind the displacement; sete; movzbl */
		{ "and an immediate behind it",
		  { 0x83, 0x3d, 0xf9, 0x00, 0x00, 0x00, 0x07, 0x0f, 0x94, 0xc0, 0x0f, 0xb6, 0xc0,
		    0xc3 },
		  1 },
		/* sub $8,%rsp; call helper; add $8,%rsp; ret */
		{ "a call",
		  { 0x48, 0x83, 0xec, 0x08, 0xe8, 0xf7, 0x01, 0x00, 0x00, 0x48, 0x83, 0xc4, 0x08,
		    0xc3 },
		  103 },
		{ "a jump elsewhere", { 0xe9, 0xfb, 0x01, 0x00, 0x00 }, 103 },
		/* test %edi,%edi; jne +3; xor; ret; mov $77; ret */
		{ "a short branch",
		  { 0x85, 0xff, 0x75, 0x03, 0x31, 0xc0, 0xc3, 0xb8, 0x4d, 0x00, 0x00, 0x00, 0xc3 },
		  77 },
		/* jmp +3; ...; mov $88; ret */
		{ "a short jump",
		  { 0xeb, 0x03, 0xcc, 0xcc, 0xcc, 0xb8, 0x58, 0x00, 0x00, 0x00, 0xc3 },
		  88 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct page g;
		struct gate gate;
		uint64_t at;

		page_make(&g);
		at = (uintptr_t)g.p;
		memcpy(g.p, rows[i].bytes, sizeof(rows[i].bytes));
		assert_int_equal(((function *)(void *)g.p)(3), rows[i].gives);
		gate = (struct gate){ .at = at + 1024,
				      .flag = at + 2048,
				      .fresh = at + 3072,
				      .site = at,
				      .bytes = rows[i].bytes,
				      .n = sizeof(rows[i].bytes) };
		if (!gate_make(&gate, g.p + 1024))
			fail_msg("%s: no gate", rows[i].what);
		assert_true(site_jump(at, at + 1024, g.p));
		if (((function *)(void *)g.p)(3) != rows[i].gives)
			fail_msg("%s: closed, it gives %d", rows[i].what,
				 ((function *)(void *)g.p)(3));
		g.p[2048] = 1;
		assert_int_equal(((function *)(void *)g.p)(3), 999);
		munmap(g.p, 4096);
	}
}

/* --- stubs that count ------------------------------------------------------------------- */

#define THREADS 4
#define CALLS 2000000
#define LOCK 0xf0

static void *call_often(void *arg)
{
	function *f = arg;

	for (int i = 0; i < CALLS; i++)
		if (f(3) != 999)
			return arg;
	return NULL;
}

static void no_count_is_lost(void **state)
{
	pthread_t threads[THREADS];
	uint64_t at, counted;
	struct page g;
	void *wrong;

	(void)state;
	page_make(&g);
	at = (uintptr_t)g.p;
	memset(g.p + 256, 0, COUNT_CELL);
	assert_true(count_make(at + 1024, at + 256, at + 3072, g.p + 1024));
	/* On a busy machine threads may never meet. */
	assert_int_equal(g.p[1024], LOCK);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, call_often, g.p + 1024), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
	memcpy(&counted, g.p + 256, sizeof(counted));
	assert_int_equal(counted, (uint64_t)THREADS * CALLS);
	munmap(g.p, 4096);
}

static void what_is_out_of_reach_is_not_counted(void **state)
{
	uint8_t out[COUNT_STUB];

	(void)state;
	assert_false(count_make(0x1000, 0x1000 + (3ull << 30), 0x2000, out));
	assert_false(count_make(0x1000, 0x2000, 0x1000 + (3ull << 30), out));
	assert_true(count_make(0x1000, 0x2000, 0x3000, out));
}

static void what_can_not_be_done_elsewhere_has_no_gate(void **state)
{
	static const uint8_t rows[][8] = {
		{ 0xe2, 0xfe, 0x90, 0x90, 0x90, 0xc3 }, /* loop */
		{ 0xe3, 0x00, 0x90, 0x90, 0x90, 0xc3 }, /* jrcxz */
		{ 0x06, 0x90, 0x90, 0x90, 0x90, 0xc3 }, /* none */
	};
	uint8_t out[GATE_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct gate g = { 0x1000, 0x2000, 0x3000, 0x4000, rows[i], sizeof(rows[i]) };

		assert_false(gate_make(&g, out));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sites_are_planned),
		cmocka_unit_test(a_jump_leads_where_it_says),
		cmocka_unit_test(gates_do_the_old_or_the_new),
		cmocka_unit_test(no_count_is_lost),
		cmocka_unit_test(what_is_out_of_reach_is_not_counted),
		cmocka_unit_test(what_can_not_be_done_elsewhere_has_no_gate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* What a process says about its patches is hostile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "hotpatch/header.h"

#define BASE 0x10000ull

static void ok(struct error *e)
{
	if (e)
		fail_msg("%s", error_message(e));
}

static struct header sound(void)
{
	struct header h = { .fixed = { .state = HEADER_APPLIED,
				       .base = BASE,
				       .end = BASE + 0x3000,
				       .code_start = BASE + 0x1000,
				       .code_end = BASE + 0x2000,
				       .stubs = BASE + 0x1800,
				       .cells = BASE + 0x2000,
				       .build_id_n = 20,
				       .n = 2,
				       .fix = "a fix" } };

	h.sites = calloc(2, sizeof(*h.sites));
	for (int i = 0; i < 2; i++) {
		h.sites[i].old = 0x400000 + (uint64_t)i * 64;
		h.sites[i].address = h.sites[i].old + 4;
		h.sites[i].old_size = 20;
		h.sites[i].fresh = BASE + 0x1000 + (uint64_t)i * 32;
		h.sites[i].fresh_size = 30;
		site_jump(h.sites[i].address, h.sites[i].fresh, h.sites[i].after);
	}
	return h;
}

static void what_was_written_is_read(void **state)
{
	struct header h __cleanup_header = sound(), got __cleanup_header = { 0 };
	uint8_t bytes[4096];

	(void)state;
	ok(header_encode(&h, bytes));
	ok(header_decode(bytes, sizeof(bytes), BASE, &got));
	assert_string_equal(got.fixed.fix, "a fix");
	assert_memory_equal(got.sites, h.sites, 2 * sizeof(*h.sites));
	/* The journal and the flag change by themselves. */
	bytes[header_state_at()] = HEADER_REVERTING;
	bytes[header_flag_at()] = 1;
	header_free(&got);
	ok(header_decode(bytes, sizeof(bytes), BASE, &got));
	assert_int_equal(got.fixed.state, HEADER_REVERTING);
}

static void any_changed_bit_is_noticed(void **state)
{
	struct header h __cleanup_header = sound();
	uint8_t bytes[4096];
	size_t n = header_size(2), bits = 0;

	(void)state;
	ok(header_encode(&h, bytes));
	for (size_t i = 0; i < 8 * n; i++) {
		struct header got __cleanup_header = { 0 };
		struct error *e __cleanup_error = NULL;

		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		e = header_decode(bytes, sizeof(bytes), BASE, &got);
		bits += !e;
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	/* Those of the flag, and of the states that are others. */
	assert_true(bits <= 64 + 3);
}

static void sound_sums_of_lies_are_noticed(void **state)
{
	struct header h __cleanup_header = sound();
	uint8_t bytes[4096];

	(void)state;
	for (int lie = 0; lie < 12; lie++) {
		struct header l = h, got __cleanup_header = { 0 };
		struct error *e __cleanup_error = NULL;
		struct header_site sites[2];

		memcpy(sites, h.sites, sizeof(sites));
		l.sites = sites;
		switch (lie) {
		case 0:
			l.fixed.base += 0x1000;
			break;
		case 1:
			l.fixed.code_start = BASE;
			break;
		case 2:
			l.fixed.code_end = l.fixed.end + 0x1000;
			break;
		case 3:
			l.fixed.state = 77;
			break;
		case 4:
			sites[1].fresh = 0x700000; /* not its own code */
			site_jump(sites[1].address, sites[1].fresh, sites[1].after);
			break;
		case 5:
			sites[0].after[2] ^= 1; /* another destination */
			break;
		case 6:
			sites[0].address = sites[0].old + 100;
			site_jump(sites[0].address, sites[0].fresh, sites[0].after);
			break;
		case 7:
			sites[0].gate = 0x1234;
			break;
		case 8:
			memset(l.fixed.fix, 'x', sizeof(l.fixed.fix));
			break;
		case 9:
			l.fixed.stubs = l.fixed.code_end - COUNT_STUB; /* room for one */
			break;
		case 10:
			l.fixed.cells = l.fixed.code_end - COUNT_CELL;
			break;
		case 11:
			l.fixed.cells += 4; /* could lie in two cache lines */
			break;
		}
		ok(header_encode(&l, bytes));
		e = header_decode(bytes, sizeof(bytes), BASE, &got);
		if (!e)
			fail_msg("lie %d was believed", lie);
	}
}

static void a_short_page_is_no_header(void **state)
{
	struct header h __cleanup_header = sound();
	uint8_t bytes[4096];

	(void)state;
	ok(header_encode(&h, bytes));
	for (size_t n = 0; n < header_size(2); n++) {
		struct header got __cleanup_header = { 0 };
		struct error *e __cleanup_error = header_decode(bytes, n, BASE, &got);

		assert_non_null(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(any_changed_bit_is_noticed),
		cmocka_unit_test(sound_sums_of_lies_are_noticed),
		cmocka_unit_test(a_short_page_is_no_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

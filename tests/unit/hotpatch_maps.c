// SPDX-License-Identifier: GPL-2.0-or-later
/* What /proc/PID/maps says, and where in it there is room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hotpatch/layout.h"
#include "hotpatch/maps.h"
#include "hotpatch/near.h"
#include "hotpatch/process.h"

static void ok(struct error *e)
{
	if (e)
		fail_msg("%s", error_message(e));
}

static void parse(struct maps *m, const char *text)
{
	m->text.n = 0;
	ok(strbuf_puts(&m->text, text));
	ok(maps_parse(m));
}

static const char usual[] =
	"555555554000-555555555000 r--p 00000000 fe:01 1234                       /usr/bin/a b\n"
	"555555555000-555555557000 r-xp 00001000 fe:01 1234                       /usr/bin/a b\n"
	"555555560000-555555581000 rw-p 00000000 00:00 0                          [heap]\n"
	"7ffff7fc1000-7ffff7fc3000 r-xs 00000000 00:0f 18446744073709551615 \n";

static void lines_are_read(void **state)
{
	struct maps m __cleanup_maps = { 0 };

	(void)state;
	parse(&m, usual);
	assert_int_equal(m.v.n, 4);
	assert_int_equal(m.v.v[1].start, 0x555555555000);
	assert_int_equal(m.v.v[1].offset, 0x1000);
	assert_int_equal(m.v.v[1].major, 0xfe);
	assert_true(m.v.v[1].exec && m.v.v[1].read && !m.v.v[1].write && !m.v.v[1].shared);
	assert_string_equal(m.v.v[1].name, "/usr/bin/a b");
	assert_true(mapping_same_file(&m.v.v[0], &m.v.v[1]));
	assert_true(m.v.v[3].shared);
	assert_true(m.v.v[3].inode == UINT64_MAX);
	assert_string_equal(m.v.v[3].name, "");
}

static void an_address_is_found_in_its_mapping(void **state)
{
	struct maps m __cleanup_maps = { 0 };

	(void)state;
	parse(&m, usual);
	assert_ptr_equal(maps_at(&m, 0x555555554000), &m.v.v[0]);
	assert_ptr_equal(maps_at(&m, 0x555555556fff), &m.v.v[1]);
	assert_null(maps_at(&m, 0x555555557000));
	assert_null(maps_at(&m, 0));
	assert_null(maps_at(&m, UINT64_MAX));
	assert_true(maps_free_at(&m, 0x555555557000, 0x555555560000));
	assert_false(maps_free_at(&m, 0x555555557000, 0x555555560001));
}

static void what_is_not_understood_is_an_error(void **state)
{
	static const char *const texts[] = {
		"1000-2000 r-xp 0 0:0 0",			      /* no end */
		"2000-1000 r-xp 0 0:0 0 \n",			      /* backwards */
		"1000-2000 r-xp 0 0:0 \n",			      /* no inode */
		"1000-2000 r-x\n",				      /* short */
		"11111111111111111-2 r-xp 0 0:0 0 \n",		      /* too large */
		"2000-3000 r-xp 0 0:0 0 \n1000-2000 r-xp 0 0:0 0 \n", /* out of order */
		"\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct maps m __cleanup_maps = { 0 };
		struct error *e __cleanup_error = NULL;

		ok(strbuf_puts(&m.text, texts[i]));
		e = maps_parse(&m);
		if (!e)
			fail_msg("row %zu was taken", i);
	}
}

static void a_place_is_within_reach_of_all_of_the_file(void **state)
{
	struct maps m __cleanup_maps = { 0 };
	uint64_t base;

	(void)state;
	parse(&m, usual);
	ok(layout_place(&m, 0x555555554000, 0x555555557000, 0x3000, &base));
	assert_int_equal(base, 0x555555554000 - 0x1000 - 0x3000);
	/* Below there is nothing: above, beyond the heap. */
	parse(&m, "10000-400000 r--p 0 0:0 0 \n"
		  "400000-500000 r-xp 0 0:0 1 \n"
		  "500000-600000 rw-p 0 0:0 0 [heap]\n");
	ok(layout_place(&m, 0x400000, 0x500000, 0x3000, &base));
	assert_true(base > 0x600000 + (1ull << 30));
	assert_true(base + 0x3000 - 0x400000 < 1ull << 31);
}

static void no_place_within_reach_is_a_refusal(void **state)
{
	struct maps m __cleanup_maps = { 0 };
	struct error *e __cleanup_error = NULL;
	uint64_t base;

	(void)state;
	parse(&m, "10000-400000 r--p 0 0:0 0 \n"
		  "400000-500000 r-xp 0 0:0 1 \n"
		  "500000-100000000 rw-p 0 0:0 0 [heap]\n");
	e = layout_place(&m, 0x400000, 0x500000, 0x3000, &base);
	assert_int_equal(error_kind(e), ERROR_REFUSED);
}

static void a_field_of_status_is_a_whole_line(void **state)
{
	static const char status[] =
		"Name:\tSeccomp: 1\nTracerPid:\t0\nNoSeccomp:\t7\nSeccomp:\t2\n";
	long n;

	(void)state;
	assert_true(process_status_field(status, "Seccomp", &n));
	assert_int_equal(n, 2);
	assert_true(process_status_field(status, "TracerPid", &n));
	assert_int_equal(n, 0);
	assert_false(process_status_field(status, "Tracer", &n));
}

/* A stub that was left tells of [0x10000, 0x14000): ours, or what the process put there since? */
static void only_what_we_map_is_taken_for_ours(void **state)
{
	static const struct {
		const char *maps;
		bool ours;
	} rows[] = {
		{ "10000-11000 r--p 00000000 00:00 0 \n11000-12000 r-xp 00000000 00:00 0 \n"
		  "12000-14000 rw-p 00000000 00:00 0 \n",
		  true },
		{ "10000-11000 r--p 00000000 00:00 0 \n", true },
		{ "e000-f000 rw-p 00000000 00:00 0 \n10000-11000 r--p 00000000 00:00 0 \n", true },
		{ "", false },
		{ "10000-14000 rw-p 00000000 00:00 0 \n", false },
		{ "10000-14000 ---p 00000000 00:00 0 \n", false },
		{ "10000-11000 r-xp 00000000 00:00 0 \n", false },
		{ "11000-12000 r--p 00000000 00:00 0 \n", false },
		{ "f000-11000 r--p 00000000 00:00 0 \n", false },
		{ "10000-15000 r--p 00000000 00:00 0 \n", false },
		{ "10000-11000 r--s 00000000 00:00 0 \n", false },
		{ "10000-11000 r--p 00000000 fe:01 7 /a\n", false },
		{ "10000-11000 r--p 00000000 00:00 0 [anon:x]\n", false },
		{ "10000-11000 r--p 00000000 00:00 0 \n11000-12000 rwxp 00000000 00:00 0 \n",
		  false },
	};
	struct maps m __cleanup_maps = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		parse(&m, rows[i].maps);
		if (near_may_be_ours(&m, 0x10000, 0x4000) != rows[i].ours)
			fail_msg("row %zu", i);
	}
	parse(&m, rows[0].maps);
	assert_false(near_may_be_ours(&m, 0x10000, 0x3000));
	assert_false(near_may_be_ours(&m, 0x10001, 0x4000));
	assert_false(near_may_be_ours(&m, 0x10000, UINT64_MAX & ~0xfffull));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_read),
		cmocka_unit_test(an_address_is_found_in_its_mapping),
		cmocka_unit_test(what_is_not_understood_is_an_error),
		cmocka_unit_test(a_place_is_within_reach_of_all_of_the_file),
		cmocka_unit_test(no_place_within_reach_is_a_refusal),
		cmocka_unit_test(only_what_we_map_is_taken_for_ours),
		cmocka_unit_test(a_field_of_status_is_a_whole_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

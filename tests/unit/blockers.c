// SPDX-License-Identifier: GPL-2.0-or-later
/* Which task pins a transition, by which function, and how that is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/str.h"
#include "livepatch/blockers_text.h"

static void ok(struct error *e)
{
	if (e)
		fail_msg("%s", error_message(e));
}

static const struct blocker_function changes[] = {
	{ "suture_testbed", "suture_fix", "testbed_park" },
	{ "vmlinux", "suture_fix", "oom_reaper" },
};

static void the_innermost_function_that_changes_pins(void **state)
{
	static const struct {
		const char *stack[4];
		size_t n;
		const char *pinned;
	} rows[] = {
		{ { "schedule+0x5/0x10", "testbed_park+0x4d/0x80 [suture_testbed]",
		    "kthread+0x1/0x2" },
		  3,
		  "testbed_park+0x4d/0x80 [suture_testbed]" },
		{ { "schedule+0x5/0x10", "oom_reaper+0x1/0x2" }, 2, "oom_reaper+0x1/0x2" },
		{ { "oom_reaper+0x1/0x2 [suture_fix]" }, 1, "oom_reaper+0x1/0x2 [suture_fix]" },
		/* Of the same name, and others. */
		{ { "testbed_park+0x4d/0x80", "oom_reaper+0x1/0x2 [other]" }, 2, NULL },
		{ { "testbed_parked+0x4d/0x80 [suture_testbed]", "oom_reap+0x1/0x2" }, 2, NULL },
		{ { "" }, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *got =
			blocker_pinned(rows[i].stack, rows[i].n, changes, ARRAY_SIZE(changes));

		if (!!got != !!rows[i].pinned || (got && strcmp(got, rows[i].pinned)))
			fail_msg("row %zu: %s", i, got ? got : "nothing");
	}
}

static const char text[] = "task 12 12 2129984 1026 0 0 testbed_parked\n"
			   "testbed_park+0x4d/0x80 [suture_testbed]\n"
			   "kthread+0x1/0x2\n"
			   "task 40 39 4194304 0 0 1 spin task 1\n"
			   "task 41 41 4194304 1 1 0 sh\n"
			   "do_wait+0x1/0x2\n"
			   "task 42 42 4194304 1 -1 0 exiting\n";

static void the_iterators_text_is_read(void **state)
{
	struct blockers_query q = { BLOCKERS_WAITING, 1, changes, ARRAY_SIZE(changes) };
	struct strbuf said __cleanup_strbuf = { 0 };
	struct blockers b __cleanup_blockers = { 0 };

	(void)state;
	ok(blockers_parse(text, &q, &b));
	assert_int_equal(b.seen, 4);
	assert_int_equal(b.v.n, 2);
	ok(blocker_name(&b.v.v[0], &said));
	ok(strbuf_puts(&said, " "));
	ok(blocker_reason(&b.v.v[0], &said));
	assert_string_equal(said.s,
			    "testbed_parked (kernel thread 12) sleeps in testbed_park, which "
			    "the patch changes");
	strbuf_free(&said);
	ok(blocker_name(&b.v.v[1], &said));
	assert_string_equal(said.s, "spin task 1 (thread 40 of process 39)");
	strbuf_free(&said);
	ok(blocker_reason(&b.v.v[1], &said));
	assert_non_null(strstr(said.s, "runs without sleeping: it has no stack"));
}

static void who_is_inside_is_found_without_a_transition(void **state)
{
	struct blockers_query q = { BLOCKERS_PINNED, 1, changes, ARRAY_SIZE(changes) };
	struct blockers b __cleanup_blockers = { 0 };

	(void)state;
	ok(blockers_parse(text, &q, &b));
	assert_int_equal(b.v.n, 1);
	assert_int_equal(b.v.v[0].tid, 12);
}

static void what_is_not_understood_is_an_error(void **state)
{
	struct blockers_query q = { BLOCKERS_PINNED, 1, changes, ARRAY_SIZE(changes) };
	struct blockers b __cleanup_blockers = { 0 };
	struct error *e __cleanup_error = blockers_parse("task 12 of 13\n", &q, &b);

	(void)state;
	assert_non_null(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_innermost_function_that_changes_pins),
		cmocka_unit_test(the_iterators_text_is_read),
		cmocka_unit_test(who_is_inside_is_found_without_a_transition),
		cmocka_unit_test(what_is_not_understood_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

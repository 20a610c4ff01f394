// SPDX-License-Identifier: GPL-2.0-or-later
/* Whom the warden lets go, and who is taken for whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "probe/newcomers_warden.h"

#define SECOND 1000000000ull
#define NOW (100 * SECOND)

static void one_that_stands_too_long_is_let_go(void **state)
{
	struct newcomer_held h = { .since = NOW - 31 * SECOND };

	(void)state;
	assert_true(warden_lets_go(&h, WARDEN_WATCHES, NOW));
	h.since = NOW - 29 * SECOND;
	assert_false(warden_lets_go(&h, WARDEN_WATCHES, NOW));
	/* It was stopped after we read the clock. */
	h.since = NOW + 1;
	assert_false(warden_lets_go(&h, WARDEN_WATCHES, NOW));
}

static void one_whose_heart_does_not_beat_is_hung(void **state)
{
	(void)state;
	assert_int_equal(warden_judge(NOW - 6 * SECOND, NOW), WARDEN_HUNG);
	assert_int_equal(warden_judge(NOW - 4 * SECOND, NOW), WARDEN_WATCHES);
	assert_int_equal(warden_judge(NOW + 1, NOW), WARDEN_WATCHES);
	assert_int_equal(warden_judge(0, NOW), WARDEN_WATCHES);
}

static void without_sutured_all_are_let_go_that_stand(void **state)
{
	struct newcomer_held h = { .since = NOW - SECOND };

	(void)state;
	assert_true(warden_lets_go(&h, WARDEN_ORPHANED, NOW));
	assert_true(warden_lets_go(&h, WARDEN_HUNG, NOW));
	/* Noted, and perhaps not stopped yet: another time. */
	h.since = NOW - 1000;
	assert_false(warden_lets_go(&h, WARDEN_ORPHANED, NOW));
}

/* Its own shell may have stopped it since. */
static void one_that_went_on_long_ago_is_left_alone(void **state)
{
	struct newcomer_held h = { .since = NOW - 9 * SECOND, .released = NOW - 8 * SECOND };

	(void)state;
	assert_false(warden_lets_go(&h, WARDEN_WATCHES, NOW));
	assert_false(warden_lets_go(&h, WARDEN_HUNG, NOW));
	assert_false(warden_lets_go(&h, WARDEN_ORPHANED, NOW));
}

/* sutured may have died between noting it and doing it. */
static void one_that_was_just_let_go_is_let_go_again(void **state)
{
	struct newcomer_held h = { .since = NOW - SECOND, .released = NOW - 1000 };

	(void)state;
	assert_true(warden_lets_go(&h, WARDEN_ORPHANED, NOW));
	assert_false(warden_lets_go(&h, WARDEN_WATCHES, NOW));
}

static void the_stop_of_others_is_seen_where_one_stands(void **state)
{
	(void)state;
	assert_true(warden_sees_others_stop("Name:\ta\nState:\tT (stopped)\nSigPnd:\t0\n"
					    "ShdPnd:\t0000000000040000\n"));
	assert_true(warden_sees_others_stop("Name:\ta\nState:\tT (stopped)\n"
					    "SigPnd:\t0000000000080000\nShdPnd:\t0\n"));
	assert_false(warden_sees_others_stop("Name:\ta\nState:\tT (stopped)\n"
					     "SigPnd:\t0\nShdPnd:\t0000000000000200\n"));
	/* Our own has not been delivered yet. */
	assert_false(warden_sees_others_stop("Name:\ta\nState:\tR (running)\n"
					     "SigPnd:\t0\nShdPnd:\t0000000000040000\n"));
	assert_false(warden_sees_others_stop(""));
}

static uint64_t start_ticks(void)
{
	unsigned long long ticks = 0;
	FILE *f = fopen("/proc/self/stat", "r");
	char text[1024], *at;

	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	at = strrchr(text, ')');
	assert_non_null(at);
	/* The 22nd field; the name, which ends here, is the second. */
	for (int i = 0; i < 20; i++) {
		at = strchr(at + 1, ' ');
		assert_non_null(at);
	}
	assert_int_equal(sscanf(at, "%llu", &ticks), 1);
	return ticks;
}

static void a_process_is_known_by_pid_and_start(void **state)
{
	uint64_t tick = SECOND / (uint64_t)sysconf(_SC_CLK_TCK), start = start_ticks() * tick;

	(void)state;
	assert_true(warden_is_same(getpid(), start));
	assert_true(warden_is_same(getpid(), start + tick - 1));
	assert_false(warden_is_same(getpid(), start + tick));
	assert_false(warden_is_same(getpid(), start - 1));
	assert_false(warden_is_same(-1, start));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_stands_too_long_is_let_go),
		cmocka_unit_test(one_whose_heart_does_not_beat_is_hung),
		cmocka_unit_test(without_sutured_all_are_let_go_that_stand),
		cmocka_unit_test(one_that_went_on_long_ago_is_left_alone),
		cmocka_unit_test(one_that_was_just_let_go_is_let_go_again),
		cmocka_unit_test(the_stop_of_others_is_seen_where_one_stands),
		cmocka_unit_test(a_process_is_known_by_pid_and_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

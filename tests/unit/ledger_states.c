// SPDX-License-Identifier: GPL-2.0-or-later
/* The states of a patch, and which may follow which: here once more, by hand, as a drawing. */
#include "ledger_world.h"

/* clang-format off */
/* Rows: from; columns: to, in the order of the enum. x: that way is open. */
static const char *const ways[LEDGER_STATES] = {
	/*                      none staged applying live proved confirmed reverting reverted
				rolled back, lost, removed, failed */
	[LEDGER_NONE] =        ".x.x........",
	[LEDGER_STAGED] =      ".xx....x...x",
	[LEDGER_APPLYING] =    "...x..x.x..x",
	[LEDGER_LIVE] =        "....x.x.xxx.",
	[LEDGER_PROVED] =      ".....xx.xxx.",
	[LEDGER_CONFIRMED] =   "......x.xxx.",
	[LEDGER_REVERTING] =   "...x...xx.x.",
	[LEDGER_REVERTED] =    ".xxx........",
	[LEDGER_ROLLED_BACK] = ".xxx........",
	[LEDGER_LOST] =        ".xxx..xxx.xx",
	[LEDGER_REMOVED] =     ".xxx........",
	[LEDGER_FAILED] =      ".xxx........",
};
/* clang-format on */

static void test_a_way_is_open_or_refused_with_what_may_follow(void **state)
{
	(void)state;
	for (unsigned int from = 0; from < LEDGER_STATES; from++)
		for (unsigned int to = 0; to < LEDGER_STATES; to++) {
			struct error *e __cleanup_error = ledger_transition(from, to);

			if (!e != (ways[from][to] == 'x'))
				fail_msg("from %s to %s: %s", ledger_state_name(from),
					 ledger_state_name(to), e ? error_message(e) : "open");
			if (e) {
				assert_int_equal(error_kind(e), ERROR_REFUSED);
				assert_non_null(strstr(error_message(e), "can become"));
				assert_non_null(strstr(error_message(e), ledger_state_name(to)));
			}
		}
	fails(ledger_transition(LEDGER_STATES, LEDGER_LIVE), ERROR_REFUSED, "no such state");
	fails(ledger_transition(LEDGER_LIVE, LEDGER_STATES), ERROR_REFUSED, "no such state");
}

static void test_no_way_leads_from_live_to_confirmed_past_the_proof(void **state)
{
	(void)state;
	fails(ledger_transition(LEDGER_LIVE, LEDGER_CONFIRMED), ERROR_REFUSED,
	      "a patch that is live can become proved, reverting, rolled back, lost or removed, "
	      "not confirmed");
}

/* What the kernel may lose is written down before it loses it. */
static void test_reverted_is_only_what_was_reverting_or_not_in_effect(void **state)
{
	static const enum ledger_state has_it[] = { LEDGER_APPLYING, LEDGER_LIVE, LEDGER_PROVED,
						    LEDGER_CONFIRMED };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(has_it); i++)
		fails(ledger_transition(has_it[i], LEDGER_REVERTED), ERROR_REFUSED, "not reverted");
	works(ledger_transition(LEDGER_REVERTING, LEDGER_REVERTED));
}

static void test_names_are_read_back(void **state)
{
	enum ledger_state s;

	(void)state;
	for (unsigned int i = 0; i < LEDGER_STATES; i++) {
		assert_true(ledger_state_parse(ledger_state_name(i), &s));
		assert_int_equal(s, i);
	}
	assert_false(ledger_state_parse("", &s));
	assert_false(ledger_state_parse("Live", &s));
	assert_string_equal(ledger_state_name(LEDGER_STATES), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_way_is_open_or_refused_with_what_may_follow),
		cmocka_unit_test(test_no_way_leads_from_live_to_confirmed_past_the_proof),
		cmocka_unit_test(test_reverted_is_only_what_was_reverting_or_not_in_effect),
		cmocka_unit_test(test_names_are_read_back),
	};

	(void)world_setup;
	(void)world_teardown;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The ledger held against the kernel: what follows, as a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "flow/recover.h"

#define PRESENT .present = true, .module = true
#define ENABLED PRESENT, .enabled = true

static const struct row {
	const char *when;
	struct recover_facts facts;
	enum recover_action want;
} rows[] = {
	{ "killed before it was loaded",
	  { RECOVER_APPLYING, .same_boot = true },
	  RECOVER_SAY_ROLLED_BACK },
	{ "killed in the transition",
	  { RECOVER_APPLYING, .same_boot = true, ENABLED, .transition = true },
	  RECOVER_ROLL_BACK },
	{ "killed behind the transition",
	  { RECOVER_APPLYING, .same_boot = true, ENABLED },
	  RECOVER_COMPLETE },
	{ "killed behind the transition, and looked at when nobody can confirm any more",
	  { RECOVER_APPLYING, .same_boot = true, .overdue = true, ENABLED },
	  RECOVER_ROLL_BACK },
	{ "killed while it rolled back",
	  { RECOVER_APPLYING, .same_boot = true, PRESENT, .transition = true },
	  RECOVER_ROLL_BACK },
	{ "killed before it was unloaded",
	  { RECOVER_APPLYING, .same_boot = true, .module = true },
	  RECOVER_SAY_ROLLED_BACK },
	{ "booted while it was applied", { RECOVER_APPLYING }, RECOVER_SAY_ROLLED_BACK },
	{ "live, and all is well", { RECOVER_LIVE, .same_boot = true, ENABLED }, RECOVER_NOTHING },
	{ "nobody confirmed in time",
	  { RECOVER_LIVE, .same_boot = true, .overdue = true, ENABLED },
	  RECOVER_REVERT },
	{ "confirmed, and the deadline is over",
	  { RECOVER_LIVE, .same_boot = true, .overdue = true, .confirmed = true, ENABLED },
	  RECOVER_NOTHING },
	{ "others took it out", { RECOVER_LIVE, .same_boot = true }, RECOVER_SAY_REMOVED },
	{ "others took it out, and left its module",
	  { RECOVER_LIVE, .same_boot = true, .module = true },
	  RECOVER_SAY_REMOVED },
	{ "others take it out just now",
	  { RECOVER_LIVE, .same_boot = true, PRESENT, .transition = true },
	  RECOVER_WATCH },
	{ "confirmed, and booted since",
	  { RECOVER_LIVE, .confirmed = true },
	  RECOVER_SAY_GONE_WITH_BOOT },
	{ "killed before it was disabled",
	  { RECOVER_REVERTING, .same_boot = true, ENABLED },
	  RECOVER_FINISH_REVERT },
	{ "killed on the way back",
	  { RECOVER_REVERTING, .same_boot = true, PRESENT, .transition = true },
	  RECOVER_FINISH_REVERT },
	{ "killed before its end was recorded",
	  { RECOVER_REVERTING, .same_boot = true },
	  RECOVER_SAY_REVERTED },
	{ "booted on the way back", { RECOVER_REVERTING }, RECOVER_SAY_REVERTED },
	{ "over", { RECOVER_OVER, .same_boot = true }, RECOVER_NOTHING },
	{ "over, and somebody loaded it",
	  { RECOVER_OVER, .same_boot = true, ENABLED },
	  RECOVER_NOTHING },
};

static void each_state_that_a_killed_manager_leaves_has_its_way_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (recover_decide(&rows[i].facts) != rows[i].want)
			fail_msg("%s: %d, not %d", rows[i].when, recover_decide(&rows[i].facts),
				 rows[i].want);
}

/* Whatever changes the ledger says why. */
static void each_action_has_a_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (rows[i].want != RECOVER_NOTHING && rows[i].want != RECOVER_WATCH)
			assert_true(*recover_reason(rows[i].want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_state_that_a_killed_manager_leaves_has_its_way_out),
		cmocka_unit_test(each_action_has_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

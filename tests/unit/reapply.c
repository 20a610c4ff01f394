// SPDX-License-Identifier: GPL-2.0-or-later
/* What is applied again at boot, from the events of a patch, as a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "flow/reapply.h"

/* Boots are "a", "b", "c"; this one is "c". */
#define EVENT(b, v, from, to)                                                       \
	{                                                                           \
		.boot = b, .verb = v, .before = LEDGER_##from, .after = LEDGER_##to \
	}
#define BY_HAND(b)                                                              \
	EVENT(b, "apply", STAGED, APPLYING), EVENT(b, "apply", APPLYING, LIVE), \
		EVENT(b, "apply", LIVE, PROVED), EVENT(b, "confirm", PROVED, CONFIRMED)
#define BOOTED(b) EVENT(b, "recover", CONFIRMED, LOST)
#define AT_BOOT(b)                                                                      \
	EVENT(b, REAPPLY_VERB, LOST, APPLYING), EVENT(b, REAPPLY_VERB, APPLYING, LIVE), \
		EVENT(b, REAPPLY_VERB, LIVE, PROVED), EVENT(b, REAPPLY_VERB, PROVED, CONFIRMED)
#define SURVIVED(b) EVENT(b, SURVIVED_VERB, CONFIRMED, CONFIRMED)
#define LEFT_OUT(b) EVENT(b, REAPPLY_VERB, LOST, LOST)

static const struct row {
	const char *when;
	enum ledger_state state;
	const char *boot; /* in which it was last applied */
	struct ledger_event events[16];
	enum reapply want;
} rows[] = {
	{ "confirmed by hand, and booted once",
	  LEDGER_LOST,
	  "b",
	  { BY_HAND("b"), BOOTED("c") },
	  REAPPLY_YES },
	{ "the boot before applied it, and lived",
	  LEDGER_LOST,
	  "b",
	  { BY_HAND("a"), BOOTED("b"), AT_BOOT("b"), SURVIVED("b"), BOOTED("c") },
	  REAPPLY_YES },
	{ "the boot before applied it, and went down",
	  LEDGER_LOST,
	  "b",
	  { BY_HAND("a"), BOOTED("b"), AT_BOOT("b"), BOOTED("c") },
	  REAPPLY_HOST_WENT_DOWN },
	{ "an earlier boot went down, and it was left out since",
	  LEDGER_LOST,
	  "a",
	  { BY_HAND("0"), BOOTED("a"), AT_BOOT("a"), BOOTED("b"), LEFT_OUT("b") },
	  REAPPLY_HOST_WENT_DOWN },
	{ "it went down, and a person applied and confirmed it again",
	  LEDGER_LOST,
	  "b",
	  { BY_HAND("0"), BOOTED("a"), AT_BOOT("a"), BOOTED("b"), LEFT_OUT("b"), BY_HAND("b"),
	    BOOTED("c") },
	  REAPPLY_YES },
	{ "what another boot outlived says nothing of this one",
	  LEDGER_LOST,
	  "b",
	  { BY_HAND("a"), BOOTED("b"), AT_BOOT("b"), SURVIVED("a"), BOOTED("c") },
	  REAPPLY_HOST_WENT_DOWN },
	{ "its redirect was lost in this boot",
	  LEDGER_LOST,
	  "c",
	  { BY_HAND("c") },
	  REAPPLY_NOT_LOST },
	{ "it is live", LEDGER_CONFIRMED, "c", { BY_HAND("c") }, REAPPLY_NOT_LOST },
};

static void what_an_earlier_boot_died_of_is_not_applied_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct ledger_patch p = { .state = rows[i].state,
					  .confirmed = true,
					  .path = "/p",
					  .boot = rows[i].boot };
		struct ledger_events events = { (struct ledger_event *)rows[i].events, 0 };

		while (events.n < ARRAY_SIZE(rows[i].events) && rows[i].events[events.n].boot)
			events.n++;
		if (reapply_decide(&p, &events, "c") != rows[i].want)
			fail_msg("%s: %d, not %d", rows[i].when, reapply_decide(&p, &events, "c"),
				 rows[i].want);
		/* Nobody confirmed it: it is not ours to apply. */
		p.confirmed = false;
		assert_int_equal(reapply_decide(&p, &events, "c"), REAPPLY_NOT_LOST);
	}
}

static void what_this_boot_applied_is_pending_until_it_is_outlived(void **state)
{
	struct ledger_event events[] = { BY_HAND("b"), BOOTED("c"), AT_BOOT("c"), SURVIVED("c") };
	struct ledger_events list = { events, ARRAY_SIZE(events) - 1 };

	(void)state;
	assert_true(reapply_is_pending(&list, "c"));
	assert_false(reapply_is_pending(&list, "d"));
	list.n++;
	assert_false(reapply_is_pending(&list, "c"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_earlier_boot_died_of_is_not_applied_again),
		cmocka_unit_test(what_this_boot_applied_is_pending_until_it_is_outlived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The ledger: what is recorded is there, whole, and a patch is what its events made of it. */
#include "ledger_world.h"

#define BUNDLE "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void test_a_patch_is_what_its_events_made_of_it(void **state)
{
	struct ledger *l __cleanup_ledger = world_create();
	const struct ledger_patch *p;
	uint64_t seq = 0;

	(void)state;
	works(ledger_append(l,
			    &(struct ledger_change){ .verb = "apply",
						     .patch = "tcp",
						     .to = LEDGER_STAGED,
						     .bundle = BUNDLE,
						     .path = "/kept",
						     .fix = "tcp-fix",
						     .version = 3 },
			    NULL));
	works(ledger_append(l,
			    &(struct ledger_change){ .verb = "apply",
						     .patch = "tcp",
						     .to = LEDGER_APPLYING,
						     .module = "suture_tcp",
						     .deadline = 77 },
			    &seq));
	p = patch_of(l, "tcp");
	assert_int_equal(p->state, LEDGER_APPLYING);
	assert_string_equal(p->bundle, BUNDLE);
	assert_string_equal(p->path, "/kept");
	assert_string_equal(p->module, "suture_tcp");
	assert_string_equal(p->fix, "tcp-fix");
	assert_int_equal(p->version, 3);
	assert_int_equal(p->deadline, 77);
	assert_int_equal(p->seq, seq);
	assert_int_equal(strlen(p->boot), 36);
	assert_false(p->confirmed);
	works(move_to(l, "tcp", LEDGER_LIVE));
	works(move_to(l, "tcp", LEDGER_PROVED));
	assert_int_equal(patch_of(l, "tcp")->deadline, 77);
	works(move_to(l, "tcp", LEDGER_CONFIRMED));
	p = patch_of(l, "tcp");
	assert_true(p->confirmed);
	assert_int_equal(p->deadline, 0);
	assert_null(patch_of(l, "other"));
}

static void test_confirmation_outlives_a_loss_but_no_revert(void **state)
{
	static const enum ledger_state way[] = { LEDGER_STAGED,	  LEDGER_APPLYING,  LEDGER_LIVE,
						 LEDGER_PROVED,	  LEDGER_CONFIRMED, LEDGER_LOST,
						 LEDGER_APPLYING, LEDGER_LIVE,	    LEDGER_LOST,
						 LEDGER_REVERTING };
	struct ledger *l __cleanup_ledger = world_create();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(way); i++) {
		works(move_to(l, "p", way[i]));
		assert_int_equal(patch_of(l, "p")->confirmed, i >= 4 && i <= 8);
	}
}

static void test_events_are_read_as_they_were_written(void **state)
{
	struct ledger *l __cleanup_ledger = world_create();
	struct ledger_events events, one = { 0 };

	(void)state;
	works(ledger_append(l,
			    &(struct ledger_change){ .actor = "guard",
						     .verb = "look",
						     .why = "it was \"time\"\n",
						     .evidence = "{\"n\": [1, null]}" },
			    NULL));
	works(move_to(l, "a", LEDGER_STAGED));
	works(move_to(l, "b", LEDGER_STAGED));
	works(move_to(l, "a", LEDGER_NONE));
	events = events_of(l);
	assert_int_equal(events.n, 5);
	assert_string_equal(events.v[0].verb, "begin");
	assert_string_equal(events.v[0].actor, "person");
	assert_string_equal(events.v[1].actor, "guard");
	assert_string_equal(events.v[1].why, "it was \"time\"\n");
	assert_string_equal(events.v[1].evidence, "{\"n\": [1, null]}");
	assert_int_equal(events.v[1].uid, getuid());
	assert_int_equal(events.v[1].pid, getpid());
	assert_int_equal(events.v[2].before, LEDGER_NONE);
	assert_int_equal(events.v[2].after, LEDGER_STAGED);
	assert_int_equal(events.v[4].before, LEDGER_STAGED);
	assert_int_equal(events.v[4].after, LEDGER_STAGED);
	for (size_t i = 0; i < events.n; i++) {
		assert_int_equal(events.v[i].seq, i + 1);
		assert_null(events.v[i].malformed);
		if (i)
			assert_string_equal(events.v[i].prev, events.v[i - 1].hash);
	}
	works(ledger_events(l, &(struct ledger_filter){ .patch = "a", .last = 1 }, &world.arena,
			    &one));
	assert_int_equal(one.n, 1);
	assert_int_equal(one.v[0].seq, 5);
	works(ledger_events(l, &(struct ledger_filter){ .since = INT64_MAX }, &world.arena, &one));
	assert_int_equal(one.n, 0);
}

static void test_the_newest_version_of_a_fix_never_falls(void **state)
{
	static const uint64_t seen[] = { 2, 7, 3 };
	struct ledger *l __cleanup_ledger = world_create();
	uint64_t newest = 1;

	(void)state;
	works(ledger_newest(l, "f", &newest));
	assert_int_equal(newest, 0);
	for (size_t i = 0; i < ARRAY_SIZE(seen); i++)
		works(ledger_append(
			l, &(struct ledger_change){ .verb = "see", .fix = "f", .version = seen[i] },
			NULL));
	works(ledger_newest(l, "f", &newest));
	assert_int_equal(newest, 7);
}

static void test_what_contradicts_itself_is_refused_and_leaves_nothing(void **state)
{
	static const struct {
		struct ledger_change change;
		enum error_kind kind;
		const char *word;
	} rows[] = {
		{ { .why = "x" }, ERROR_REFUSED, "needs a verb" },
		{ { .verb = "v", .patch = "" }, ERROR_REFUSED, "has a name" },
		{ { .verb = "v", .to = LEDGER_LIVE }, ERROR_REFUSED, "without a patch" },
		{ { .verb = "v", .bundle = BUNDLE }, ERROR_REFUSED, "without a patch" },
		{ { .verb = "v", .patch = "p", .version = 1 }, ERROR_REFUSED, "version" },
		{ { .verb = "v", .fix = "f", .version = UINT64_MAX }, ERROR_REFUSED, "2^63" },
		{ { .verb = "v", .patch = "p", .bundle = "ab" }, ERROR_REFUSED, "no digest" },
		{ { .verb = "v", .evidence = "{" }, ERROR_FAILED, "evidence" },
		{ { .verb = "v", .patch = "p", .to = LEDGER_CONFIRMED },
		  ERROR_REFUSED,
		  "p: a patch that the ledger does not know can become staged or live" },
	};
	struct ledger *l __cleanup_ledger = world_create();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		fails(ledger_append(l, &rows[i].change, NULL), rows[i].kind, rows[i].word);
		assert_int_equal(events_of(l).n, 1);
		assert_null(patch_of(l, "p"));
	}
}

static void test_what_is_no_ledger_is_told_from_what_is_missing(void **state)
{
	struct ledger *l = NULL;

	(void)state;
	fails(ledger_open(world.path, LEDGER_READ, &l), ERROR_NOTHING, "no ledger");
	l = world_create();
	ledger_close(&l);
	sql(world.path, "PRAGMA user_version = 99");
	fails(ledger_open(world.path, LEDGER_WRITE, &l), ERROR_REFUSED, "newer suture");
	sql(world.path, "PRAGMA user_version = 1; PRAGMA application_id = 3");
	fails(ledger_open(world.path, LEDGER_WRITE, &l), ERROR_VERIFY, "no ledger of suture");
	works(file_write(world.path, "", 0, 0600));
	fails(ledger_open(world.path, LEDGER_WRITE, &l), ERROR_VERIFY, "empty");
	works(file_write(world.path, "not a database, but long enough to be read as one", 50,
			 0600));
	fails(ledger_open(world.path, LEDGER_WRITE, &l), ERROR_VERIFY, "damaged");
	assert_null(l);
}

static void test_a_tail_that_was_cut_off_is_noticed_at_once(void **state)
{
	struct ledger *l = world_create();

	(void)state;
	works(move_to(l, "p", LEDGER_STAGED));
	ledger_close(&l);
	sql(world.path, "DROP TRIGGER event_stays; DELETE FROM event WHERE seq = 2");
	fails(ledger_open(world.path, LEDGER_READ, &l), ERROR_VERIFY, "last event");
}

static void test_a_file_that_was_replaced_is_not_appended_to(void **state)
{
	struct ledger *l __cleanup_ledger = world_create();

	(void)state;
	assert_int_equal(unlink(world.path), 0);
	fails(move_to(l, "p", LEDGER_STAGED), ERROR_FAILED, "replaced or removed");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_patch_is_what_its_events_made_of_it),
		TEST(test_confirmation_outlives_a_loss_but_no_revert),
		TEST(test_events_are_read_as_they_were_written),
		TEST(test_the_newest_version_of_a_fix_never_falls),
		TEST(test_what_contradicts_itself_is_refused_and_leaves_nothing),
		TEST(test_what_is_no_ledger_is_told_from_what_is_missing),
		TEST(test_a_tail_that_was_cut_off_is_noticed_at_once),
		TEST(test_a_file_that_was_replaced_is_not_appended_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

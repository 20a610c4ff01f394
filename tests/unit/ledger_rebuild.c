// SPDX-License-Identifier: GPL-2.0-or-later
/* A ledger that is lost is begun anew, never silently, and what was there is kept. */
#include <sys/stat.h>

#include "ledger/verify.h"
#include "ledger_world.h"

static const struct ledger_found two[] = {
	{ .patch = "p", .module = "suture_p", .fix = "f", .version = 4 },
	{ .patch = "q", .module = "suture_q" },
};

static struct error *rebuild(struct ledger **l, char **aside)
{
	return ledger_rebuild(world.path, "sutured", "it was \"gone\"", two, ARRAY_SIZE(two), aside,
			      l);
}

static void expect_begun_anew(struct ledger *l, const char *aside)
{
	struct ledger_events events = events_of(l);
	struct ledger_verdict v;
	uint64_t newest = 0;

	assert_int_equal(events.n, 3);
	assert_string_equal(events.v[0].verb, "gap");
	assert_string_equal(events.v[0].actor, "sutured");
	assert_string_equal(events.v[0].why, "it was \"gone\"");
	assert_non_null(strstr(events.v[0].evidence, "\"p\""));
	assert_non_null(strstr(events.v[0].evidence, aside ? aside : "\"kept\":null"));
	assert_string_equal(events.v[1].verb, "found");
	assert_int_equal(patch_of(l, "p")->state, LEDGER_LIVE);
	assert_int_equal(patch_of(l, "q")->state, LEDGER_LIVE);
	assert_false(patch_of(l, "p")->confirmed);
	assert_non_null(patch_of(l, "p")->boot);
	assert_string_equal(patch_of(l, "p")->module, "suture_p");
	works(ledger_newest(l, "f", &newest));
	assert_int_equal(newest, 4);
	works(ledger_verify(world.path, NULL, &world.arena, &v));
	assert_int_equal(v.fault.kind, FAULT_NONE);
	assert_string_equal(v.gap, "it was \"gone\"");
	works(move_to(l, "p", LEDGER_PROVED));
}

static void expect_no_other_files(size_t n)
{
	char *command __free = str_printf("test $(ls -A %s/state | grep -vcE '(wal|shm)$') = %zu",
					  world.dir.path, n);

	assert_int_equal(system(command), 0); /* NOLINT: the path is ours */
}

static void test_a_missing_ledger_is_begun_anew(void **state)
{
	struct ledger *l __cleanup_ledger = NULL;
	char *aside __free = NULL;

	(void)state;
	works(rebuild(&l, &aside));
	assert_null(aside);
	expect_begun_anew(l, NULL);
	expect_no_other_files(1);
}

static void test_a_damaged_one_is_kept_aside(void **state)
{
	struct ledger *l __cleanup_ledger = NULL;
	struct strbuf kept __cleanup_strbuf = { 0 };
	char *aside __free = NULL;

	(void)state;
	l = world_create();
	ledger_close(&l);
	works(file_write(world.path, "damaged", 7, 0600));
	works(rebuild(&l, &aside));
	assert_non_null(aside);
	works(file_read(aside, &kept));
	assert_string_equal(kept.s, "damaged");
	expect_begun_anew(l, aside);
	expect_no_other_files(2);
}

/* With changes that lie in its -wal only: they must not get into the new one. */
static void test_a_cut_one_is_kept_with_all_its_files_and_its_users_are_told(void **state)
{
	struct ledger *old __cleanup_ledger = world_create();
	struct ledger *l __cleanup_ledger = NULL;
	struct ledger_verdict v;
	char *aside __free = NULL;

	(void)state;
	works(move_to(old, "x", LEDGER_STAGED));
	sql(world.path, "DELETE FROM head");
	works(rebuild(&l, &aside));
	expect_begun_anew(l, aside);
	fails(move_to(old, "x", LEDGER_STAGED), ERROR_FAILED, "replaced or removed");
	works(ledger_verify(aside, NULL, &world.arena, &v));
	assert_int_equal(v.fault.kind, FAULT_INSERTED);
	assert_null(patch_of(l, "x"));
}

static void test_a_sound_one_is_not_thrown_away(void **state)
{
	struct ledger *l __cleanup_ledger = world_create();
	struct ledger *other = NULL;
	char *aside __free = NULL;

	(void)state;
	fails(rebuild(&other, &aside), ERROR_REFUSED, "nothing to rebuild");
	works(move_to(l, "p", LEDGER_STAGED));
	expect_no_other_files(1);
}

/* Killed after the damaged file was moved aside, before the new one was in its place. */
static void test_a_rebuild_that_was_killed_is_finished_by_the_next(void **state)
{
	struct ledger *l __cleanup_ledger = NULL;
	char *next __free = str_printf("%s.next", world.path);
	char *aside __free = NULL;

	(void)state;
	works(rebuild(&l, &aside));
	ledger_close(&l);
	assert_int_equal(rename(world.path, next), 0);
	works(ledger_open(world.path, LEDGER_WRITE, &l));
	expect_begun_anew(l, NULL);
	expect_no_other_files(1);
}

/* Killed while it was made: half of it is thrown away. */
static void test_a_half_made_one_is_never_taken(void **state)
{
	struct ledger *l __cleanup_ledger = NULL;
	char *next __free = str_printf("%s.next", world.path);
	char *folder __free = str_printf("%s/state", world.dir.path);

	(void)state;
	works(dir_make(folder));
	works(file_write(next, "half", 4, 0600));
	fails(ledger_open(world.path, LEDGER_WRITE, &l), ERROR_NOTHING, "no ledger");
	l = world_create();
	assert_int_equal(events_of(l).n, 1);
	expect_no_other_files(1);
}

static void test_what_cannot_be_recorded_changes_nothing(void **state)
{
	static const struct ledger_found twice[] = { { .patch = "p" }, { .patch = "p" } };
	struct ledger *l __cleanup_ledger = world_create();
	struct ledger *other = NULL;
	char *aside __free = NULL;
	struct strbuf kept __cleanup_strbuf = { 0 };

	(void)state;
	ledger_close(&l);
	works(file_write(world.path, "damaged", 7, 0600));
	fails(ledger_rebuild(world.path, NULL, "why", twice, 2, &aside, &other), ERROR_REFUSED,
	      "live");
	assert_null(aside);
	assert_null(other);
	works(file_read(world.path, &kept));
	assert_string_equal(kept.s, "damaged");
	expect_no_other_files(1);
}

static void test_only_root_may_read_it(void **state)
{
	struct ledger *l = world_create();
	struct stat st;

	(void)state;
	ledger_close(&l);
	assert_int_equal(stat(world.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_missing_ledger_is_begun_anew),
		TEST(test_a_damaged_one_is_kept_aside),
		TEST(test_a_cut_one_is_kept_with_all_its_files_and_its_users_are_told),
		TEST(test_a_sound_one_is_not_thrown_away),
		TEST(test_a_rebuild_that_was_killed_is_finished_by_the_next),
		TEST(test_a_half_made_one_is_never_taken),
		TEST(test_what_cannot_be_recorded_changes_nothing),
		TEST(test_only_root_may_read_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

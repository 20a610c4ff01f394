// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes are killed, crowd each other, and run out of room: the ledger is whole afterwards. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "ledger/verify.h"
#include "ledger_world.h"

static uint64_t whole(void)
{
	struct ledger_verdict v;

	works(ledger_verify(world.path, NULL, &world.arena, &v));
	if (v.fault.kind)
		fail_msg("%s", v.fault.what);
	return v.events;
}

/* A child that stages and drops a patch for ever, and tells each event that was acknowledged. */
static void append_for_ever(const char *patch, int tell)
{
	struct ledger *l = NULL;
	struct error *e = ledger_open(world.path, LEDGER_WRITE, &l);
	uint64_t seq = 0;

	while (!e) {
		e = ledger_append(
			l,
			&(struct ledger_change){ .verb = "t", .patch = patch, .to = LEDGER_STAGED },
			&seq);
		if (!e && write(tell, &seq, sizeof(seq)) != sizeof(seq))
			_exit(3);
	}
	fprintf(stderr, "%s\n", error_message(e));
	_exit(2);
}

static pid_t start(const char *patch, int *told)
{
	int pipes[2];
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		close(pipes[0]);
		append_for_ever(patch, pipes[1]);
	}
	close(pipes[1]);
	*told = pipes[0];
	return pid;
}

/* Killed at a moment that differs from round to round; the last event it told of, 0 if none. */
static uint64_t kill_it(pid_t pid, int told, unsigned int round)
{
	uint64_t seq = 0, last = 0;
	int status;

	/* The first event is waited for: on a busy machine it would never get so far. */
	assert_int_equal(read(told, &last, sizeof(last)), sizeof(last));
	nanosleep(&(struct timespec){ .tv_nsec = (long)(round * 7919 % 400) * 100000 }, NULL);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	while (read(told, &seq, sizeof(seq)) == sizeof(seq))
		last = seq;
	close(told);
	return last;
}

static void test_a_kill_at_any_moment_leaves_it_whole_with_all_that_was_acknowledged(void **state)
{
	struct ledger *l = world_create();
	uint64_t last, events = 0;

	(void)state;
	ledger_close(&l);
	for (unsigned int round = 0; round < 50; round++) {
		int told;
		pid_t pid = start("p", &told);

		last = kill_it(pid, told, round);
		events = whole();
		/* One more may have been written and not yet told. */
		assert_true(events == last || events == last + 1);
	}
	print_message("50 kills, %llu events\n", (unsigned long long)events);
}

static void test_processes_take_turns(void **state)
{
	struct ledger *l = world_create();
	int status;

	(void)state;
	ledger_close(&l);
	for (int child = 0; child < 4; child++)
		if (!fork()) {
			char name[] = { 'a', (char)('a' + child), 0 };
			struct error *e = ledger_open(world.path, LEDGER_WRITE, &l);

			for (int i = 0; i < 10 && !e; i++)
				e = move_to(l, name, LEDGER_STAGED);
			if (e)
				fprintf(stderr, "%s\n", error_message(e));
			_exit(e != NULL);
		}
	for (int child = 0; child < 4; child++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(whole(), 41);
}

static void test_one_begins_where_several_create(void **state)
{
	struct ledger *l = NULL;
	int status;

	(void)state;
	for (int child = 0; child < 4; child++)
		if (!fork()) {
			struct error *e = ledger_create(world.path, &l);

			if (!e)
				e = move_to(l, "p", LEDGER_STAGED);
			if (e)
				fprintf(stderr, "%s\n", error_message(e));
			_exit(e != NULL);
		}
	for (int child = 0; child < 4; child++) {
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(whole(), 5);
}

/* In a child, for the limit stays. Grows until nothing fits any more. */
static void fill_to_limit(void)
{
	struct rlimit limit = { 150000, 150000 };
	struct ledger *l __cleanup_ledger = world_create();
	char *evidence __free = malloc(9003);
	struct error *e = NULL;
	uint64_t seq = 0, last = 0;

	memset(evidence, ' ', 9003);
	memcpy(evidence, "{}", 2);
	evidence[9002] = '\0';
	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit))
		_exit(10);
	for (int i = 0; i < 1000 && !e; i++) {
		last = seq;
		e = ledger_append(l, &(struct ledger_change){ .verb = "t", .evidence = evidence },
				  &seq);
	}
	if (!e || !last || seq != last)
		_exit(11);
	if (!strstr(error_message(e), "ledger.db") ||
	    (!strstr(error_message(e), "full") && !strstr(error_message(e), "too large"))) {
		fprintf(stderr, "%s\n", error_message(e));
		_exit(12);
	}
	error_free(&e);
	ledger_close(&l);
	_exit((int)(last & 0x7) + 100);
}

static void test_without_room_an_event_is_refused_and_nothing_of_it_stays(void **state)
{
	uint64_t events;
	struct ledger *l = NULL;
	int status;
	pid_t pid = fork();

	(void)state;
	if (!pid)
		fill_to_limit();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) >= 100);
	events = whole();
	assert_int_equal(events & 0x7, WEXITSTATUS(status) - 100);
	/* There is room again. */
	works(ledger_open(world.path, LEDGER_WRITE, &l));
	works(move_to(l, "p", LEDGER_STAGED));
	ledger_close(&l);
	assert_int_equal(whole(), events + 1);
}

static void test_a_reader_sees_it_while_another_writes(void **state)
{
	struct ledger *l = world_create();
	uint64_t before = 0;
	int told;
	pid_t pid;

	(void)state;
	ledger_close(&l);
	pid = start("p", &told);
	for (int i = 0; i < 10; i++) {
		uint64_t events = whole();

		assert_true(events >= before);
		before = events;
	}
	kill_it(pid, told, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_kill_at_any_moment_leaves_it_whole_with_all_that_was_acknowledged),
		TEST(test_processes_take_turns),
		TEST(test_one_begins_where_several_create),
		TEST(test_without_room_an_event_is_refused_and_nothing_of_it_stays),
		TEST(test_a_reader_sees_it_while_another_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

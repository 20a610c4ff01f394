// SPDX-License-Identifier: GPL-2.0-or-later
/* Other programs: what they say, how they end, that nothing of them stays. */
#include <errno.h>
#include <signal.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/subprocess.h"

/* Whether a process still is there and is no zombie. */
static bool alive(long pid)
{
	struct strbuf b __cleanup_strbuf = { 0 };
	struct error *e __cleanup_error = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	e = file_read(path, &b);
	return !e && !strstr(strbuf_str(&b), ") Z ");
}

/* Wait up to two seconds for it to be gone. */
static bool gone(long pid)
{
	for (int i = 0; i < 200 && alive(pid); i++)
		usleep(10000);
	return !alive(pid);
}

static void test_output_and_status_are_told(void **state)
{
	struct strbuf out __cleanup_strbuf = { 0 }, err __cleanup_strbuf = { 0 };
	struct subprocess p = {
		.argv = subprocess_words("sh", "-c", "echo to out; echo to err >&2; exit 7"),
		.out = &out,
		.err = &err,
	};

	(void)state;
	assert_null(subprocess_run(&p));
	assert_int_equal(p.status, 7);
	assert_string_equal(strbuf_str(&out), "to out\n");
	assert_string_equal(strbuf_str(&err), "to err\n");
}

static void test_one_buffer_for_both_keeps_the_order(void **state)
{
	struct strbuf out __cleanup_strbuf = { 0 };
	struct subprocess p = {
		.argv = subprocess_words("sh", "-c", "echo 1; echo 2 >&2; echo 3"),
		.out = &out,
		.err = &out,
	};

	(void)state;
	assert_null(subprocess_run(&p));
	assert_string_equal(strbuf_str(&out), "1\n2\n3\n");
}

static void test_a_signal_is_a_status_of_128_and_its_number(void **state)
{
	struct subprocess p = { .argv = subprocess_words("sh", "-c", "kill -SEGV $$") };

	(void)state;
	assert_null(subprocess_run(&p));
	assert_int_equal(p.status, 128 + SIGSEGV);
}

static void test_much_output_on_both_pipes_is_read_whole(void **state)
{
	struct strbuf out __cleanup_strbuf = { 0 }, err __cleanup_strbuf = { 0 };
	struct subprocess p = {
		.argv = subprocess_words("sh", "-c",
					 "head -c 3000000 /dev/zero; head -c 2000000 /dev/zero >&2;"
					 " head -c 1000000 /dev/zero"),
		.out = &out,
		.err = &err,
		.timeout = 20,
	};

	(void)state;
	assert_null(subprocess_run(&p));
	assert_int_equal(out.n, 4000000);
	assert_int_equal(err.n, 2000000);
}

static void test_much_input_arrives_though_nobody_reads_the_output_yet(void **state)
{
	struct strbuf in __cleanup_strbuf = { 0 }, out __cleanup_strbuf = { 0 };
	struct subprocess p = { .argv = subprocess_words("cat"), .out = &out, .timeout = 20 };

	(void)state;
	for (int i = 0; i < 100000; i++)
		assert_null(strbuf_printf(&in, "%09d\n", i));
	p.input = in.s;
	assert_null(subprocess_run(&p));
	assert_int_equal(out.n, in.n);
	assert_memory_equal(out.s, in.s, in.n);
}

static void test_a_program_that_is_not_there_is_named(void **state)
{
	struct subprocess p = { .argv = subprocess_words("no-such-program-anywhere") };
	struct error *e __cleanup_error = subprocess_run(&p);

	(void)state;
	assert_non_null(e);
	assert_non_null(strstr(error_message(e), "no-such-program-anywhere"));
	assert_non_null(strstr(error_message(e), "package"));
}

static void test_a_folder_that_is_not_there_is_not_taken_for_a_missing_program(void **state)
{
	struct subprocess p = { .argv = subprocess_words("true"), .cwd = "/no/such/folder" };
	struct error *e __cleanup_error = subprocess_run(&p);

	(void)state;
	assert_non_null(e);
	assert_non_null(strstr(error_message(e), "/no/such/folder"));
	assert_null(strstr(error_message(e), "package"));
}

static void test_folder_and_environment_are_those_asked_for(void **state)
{
	const char *const env[] = { "COLOUR=green", NULL };
	struct strbuf out __cleanup_strbuf = { 0 };
	struct subprocess p = {
		.argv = subprocess_words("sh", "-c", "pwd; echo $COLOUR $STRANGE"),
		.cwd = "/usr",
		.env = env,
		.clear_env = true,
		.out = &out,
	};

	(void)state;
	setenv("STRANGE", "leaked", 1);
	assert_null(subprocess_run(&p));
	assert_string_equal(strbuf_str(&out), "/usr\ngreen\n");
	unsetenv("STRANGE");
}

static void test_a_timeout_ends_the_whole_group(void **state)
{
	struct strbuf out __cleanup_strbuf = { 0 };
	struct subprocess p = {
		.argv = subprocess_words("sh", "-c", "sleep 100 & echo $!; trap '' TERM; sleep 99"),
		.out = &out,
		.timeout = 0.3,
	};
	double started = clock_seconds();
	struct error *e __cleanup_error = subprocess_run(&p);

	(void)state;
	assert_non_null(e);
	assert_non_null(strstr(error_message(e), "no end after 300 ms"));
	assert_true(clock_seconds() - started < 5);
	assert_true(atol(strbuf_str(&out)) > 0);
	assert_true(gone(atol(strbuf_str(&out))));
}

static void test_a_program_may_clean_up_after_itself_before_it_is_ended(void **state)
{
	struct tmpdir d __cleanup_tmpdir = { 0 };
	struct subprocess p = {
		.argv = subprocess_words(
			"sh", "-c", "touch scrap; trap 'rm scrap; exit' TERM; sleep 50 & wait"),
		.timeout = 0.3,
	};
	struct error *e __cleanup_error = NULL;
	char scrap[300];

	(void)state;
	assert_null(tmpdir_make(NULL, &d));
	p.cwd = d.path;
	e = subprocess_run(&p);
	assert_non_null(e);
	snprintf(scrap, sizeof(scrap), "%s/scrap", d.path);
	assert_false(file_exists(scrap));
}

static void test_what_a_program_leaves_in_its_group_is_ended_with_it(void **state)
{
	struct strbuf out __cleanup_strbuf = { 0 };
	struct subprocess p = {
		.argv = subprocess_words("sh", "-c", "sleep 100 & echo $!"),
		.out = &out,
		.timeout = 20,
	};

	(void)state;
	assert_null(subprocess_run(&p));
	assert_true(p.seconds < 5);
	assert_true(gone(atol(strbuf_str(&out))));
}

static void test_a_daemon_that_keeps_the_pipe_open_does_not_hold_us(void **state)
{
	struct strbuf out __cleanup_strbuf = { 0 };
	struct subprocess p = {
		.argv = subprocess_words("sh", "-c", "setsid sleep 20 & echo $!; sleep 0.2"),
		.out = &out,
		.timeout = 20,
	};
	double started = clock_seconds();
	long daemon;

	(void)state;
	assert_null(subprocess_run(&p));
	assert_true(clock_seconds() - started < 10);
	daemon = atol(strbuf_str(&out));
	assert_true(daemon > 1);
	kill((pid_t)daemon, SIGKILL);
}

static void test_a_failed_status_quotes_the_last_lines_said(void **state)
{
	struct subprocess p = {
		.argv = subprocess_words(
			"sh", "-c",
			"for i in 1 2 3 4 5 6 7 8 9; do echo line $i >&2; done; exit 3"),
	};
	struct error *e __cleanup_error = subprocess_check(&p);

	(void)state;
	assert_non_null(e);
	assert_non_null(strstr(error_message(e), "status 3"));
	assert_non_null(strstr(error_message(e), "line 9"));
	assert_null(strstr(error_message(e), "line 1\n"));
	assert_null(p.err);
}

static void test_many_run_side_by_side_but_no_more_than_allowed(void **state)
{
	const char *const *argv = subprocess_words("sleep", "0.5");
	double started = clock_seconds(), took;
	struct subprocess p[6];

	(void)state;
	for (int i = 0; i < 6; i++)
		p[i] = (struct subprocess){ .argv = argv };
	assert_null(subprocess_run_all(p, 6, 3));
	took = clock_seconds() - started;
	assert_true(took >= 1);
	assert_true(took < 2.5);
	assert_null(subprocess_run_all(p, 0, 3));
}

static void test_the_first_error_ends_the_others(void **state)
{
	struct subprocess p[2] = {
		{ .argv = subprocess_words("sleep", "100") },
		{ .argv = subprocess_words("no-such-program-anywhere") },
	};
	double started = clock_seconds();
	struct error *e __cleanup_error = subprocess_run_all(p, 2, 2);

	(void)state;
	assert_non_null(e);
	assert_true(clock_seconds() - started < 5);
}

static void test_children_do_not_inherit_our_ignored_signals(void **state)
{
	struct strbuf out __cleanup_strbuf = { 0 };
	struct subprocess p = {
		.argv = subprocess_words("sed", "-n", "s/^SigIgn:[[:space:]]*//p",
					 "/proc/self/status"),
		.out = &out,
	};
	unsigned long long ignored;

	(void)state;
	interrupt_install();
	assert_null(subprocess_run(&p));
	assert_int_equal(out.n, 17);
	ignored = strtoull(out.s, NULL, 16);
	assert_int_equal(ignored & (1 << (SIGPIPE - 1) | 1 << (SIGINT - 1)), 0);
}

/* The last: from here on every call reports the interrupt. */
static void test_an_interrupt_ends_the_child_and_is_told_as_such(void **state)
{
	struct tmpdir d __cleanup_tmpdir = { 0 };
	struct strbuf pid __cleanup_strbuf = { 0 };
	struct subprocess p = {
		.argv = subprocess_words("sh", "-c",
					 "echo $$ > pid; kill -INT $PPID; exec sleep 100"),
	};
	struct error *e __cleanup_error = NULL;
	double started = clock_seconds();
	char path[300];

	(void)state;
	assert_null(tmpdir_make(NULL, &d));
	p.cwd = d.path;
	interrupt_install();
	e = subprocess_run(&p);
	assert_non_null(e);
	assert_int_equal(error_kind(e), ERROR_INTERRUPTED);
	assert_true(clock_seconds() - started < 10);
	snprintf(path, sizeof(path), "%s/pid", d.path);
	assert_null(file_read(path, &pid));
	assert_true(atol(strbuf_str(&pid)) > 1);
	assert_true(gone(atol(strbuf_str(&pid))));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output_and_status_are_told),
		cmocka_unit_test(test_one_buffer_for_both_keeps_the_order),
		cmocka_unit_test(test_a_signal_is_a_status_of_128_and_its_number),
		cmocka_unit_test(test_much_output_on_both_pipes_is_read_whole),
		cmocka_unit_test(test_much_input_arrives_though_nobody_reads_the_output_yet),
		cmocka_unit_test(test_a_program_that_is_not_there_is_named),
		cmocka_unit_test(
			test_a_folder_that_is_not_there_is_not_taken_for_a_missing_program),
		cmocka_unit_test(test_folder_and_environment_are_those_asked_for),
		cmocka_unit_test(test_a_timeout_ends_the_whole_group),
		cmocka_unit_test(test_a_program_may_clean_up_after_itself_before_it_is_ended),
		cmocka_unit_test(test_what_a_program_leaves_in_its_group_is_ended_with_it),
		cmocka_unit_test(test_a_daemon_that_keeps_the_pipe_open_does_not_hold_us),
		cmocka_unit_test(test_a_failed_status_quotes_the_last_lines_said),
		cmocka_unit_test(test_many_run_side_by_side_but_no_more_than_allowed),
		cmocka_unit_test(test_the_first_error_ends_the_others),
		cmocka_unit_test(test_children_do_not_inherit_our_ignored_signals),
		cmocka_unit_test(test_an_interrupt_ends_the_child_and_is_told_as_such),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

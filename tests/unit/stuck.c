// SPDX-License-Identifier: GPL-2.0-or-later
/* Who runs in the kernel without a pause, and who only runs; and a process that has the probes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "flow/prober.h"
#include "probe/stuck.h"

static void ok(struct error *e)
{
	if (e)
		fail_msg("%s", error_message(e));
}

#define STATUS \
	"Name:\tcat\nState:\tR (running)\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t3\n"

static void a_look_is_read(void **state)
{
	struct stuck_look l;

	(void)state;
	assert_true(stuck_parse(
		"4 (a) R 1 (x) R 2 4 4 34816 4 2129984 1 2 3 4 55 66 77 88 20 0 1 0 12 13 14 "
		"18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 3 0 0 0 0 0 0\n",
		STATUS, &l));
	assert_int_equal(l.state, 'R');
	assert_true(l.kernel_thread);
	assert_int_equal(l.user, 55);
	assert_int_equal(l.kernel, 66);
	assert_int_equal(l.cpu, 3);
	assert_int_equal(l.sleeps, 7);
	assert_false(stuck_parse("4 (a) R 1 2\n", STATUS, &l));
	assert_false(stuck_parse("4", STATUS, &l));
	assert_false(stuck_parse("", "", &l));
}

static void who_sleeps_or_leaves_the_kernel_does_not_go_on(void **state)
{
	static const struct {
		struct stuck_look now;
		bool goes_on;
	} rows[] = {
		{ { 'R', false, 10, 900, 7, 0 }, true },
		{ { 'R', false, 11, 900, 7, 0 }, false },
		{ { 'R', false, 10, 900, 8, 0 }, false },
		{ { 'S', false, 10, 900, 7, 0 }, false },
	};
	struct stuck_look first = { 'R', false, 10, 20, 7, 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(stuck_goes_on(&first, &rows[i].now), rows[i].goes_on);
}

static bool is_told(const struct stuck *s, pid_t pid)
{
	vec_for_each(&s->v, t)
		if (t->pid == pid)
			return true;
	return false;
}

static void a_program_that_computes_is_not_stuck(void **state)
{
	struct stuck s __cleanup_stuck = { 0 };
	volatile unsigned long n = 0;
	pid_t pid = fork();

	(void)state;
	while (!pid)
		n++;
	assert_true(pid > 0);
	ok(stuck_find(1.5, &s));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(s.cpu, -1);
	assert_false(is_told(&s, pid));
}

static void what_the_process_can_not_attach_it_says(void **state)
{
	static const struct proof_function nowhere = { .object = "suture_no_module",
						       .name = "no_function",
						       .patch = "suture_no_patch" };
	struct error *e __cleanup_error = NULL, *here __cleanup_error = NULL;
	struct prober *p __cleanup_prober = NULL;
	struct proof *proof __cleanup_proof = NULL;

	(void)state;
	here = proof_attach(&nowhere, 1, &proof);
	e = prober_start(&nowhere, 1, true, &p);
	assert_non_null(here);
	assert_non_null(e);
	assert_null(p);
	assert_string_equal(error_message(e), error_message(here));
	assert_int_equal(error_kind(e), error_kind(here));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_look_is_read),
		cmocka_unit_test(who_sleeps_or_leaves_the_kernel_does_not_go_on),
		cmocka_unit_test(a_program_that_computes_is_not_stuck),
		cmocka_unit_test(what_the_process_can_not_attach_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

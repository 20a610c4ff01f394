// SPDX-License-Identifier: GPL-2.0-or-later
/* The guard's client without a guard: what is asked of the kernel, and what its answers mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "livepatch/guard.h"

static const struct guard_request sound = {
	.patch = "suture_x", .within_ms = 60000, .flags = GUARD_USUAL, .stall_ms = 10000
};

static void a_sound_request_is_filled_in(void **state)
{
	struct suture_guard_arm a;

	(void)state;
	assert_null(guard_fill(&sound, &a));
	assert_int_equal(a.size, sizeof(a));
	assert_int_equal(a.version, SUTURE_GUARD_VERSION);
	assert_string_equal(a.name, "suture_x");
	assert_int_equal(a.deadline_ms, 60000);
	assert_int_equal(a.stall_ms, 10000);
	assert_int_equal(a.force_ms, 0);
	for (size_t i = 0; i < sizeof(a.reserved) / sizeof(a.reserved[0]); i++)
		assert_int_equal(a.reserved[i], 0);
}

static void refuse(struct guard_request r)
{
	struct error *e __cleanup_error = NULL;
	struct suture_guard_arm a;

	e = guard_fill(&r, &a);
	assert_non_null(e);
	assert_int_equal(error_kind(e), ERROR_USAGE);
}

static void what_makes_no_sense_is_not_asked(void **state)
{
	static const char long_name[] =
		"a234567890123456789012345678901234567890123456789012345678901234";
	struct guard_request r;

	(void)state;
	_Static_assert(sizeof(long_name) == SUTURE_GUARD_NAME + 1, "one too long");
#define WITH(change) (r = sound, r.change, refuse(r))
	WITH(patch = "");
	WITH(patch = "a/b");
	WITH(patch = long_name);
	WITH(within_ms = 0);
	WITH(within_ms = SUTURE_GUARD_LEAST_MS - 1);
	WITH(within_ms = (uint64_t)SUTURE_GUARD_MOST_MS + 1);
	WITH(within_ms = UINT64_C(1) << 32 | 60000);
	WITH(stall_ms = 0);
	WITH(flags = SUTURE_GUARD_ON_OOPS); /* and a time of a stall */
	WITH(force_ms = 1000);
	WITH(flags = GUARD_USUAL | SUTURE_GUARD_FORCE);
	WITH(flags = GUARD_USUAL | 1U << 31);
#undef WITH
}

static void answers_become_kinds_with_advice(void **state)
{
	static const struct {
		int err;
		enum error_kind kind;
	} rows[] = {
		{ EPERM, ERROR_FAILED },  { EEXIST, ERROR_FAILED }, { ETIME, ERROR_VERIFY },
		{ ESTALE, ERROR_FAILED }, { ENOTTY, ERROR_FAILED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error *e __cleanup_error = guard_error(rows[i].err, "arming", "p");

		assert_int_equal(error_kind(e), rows[i].kind);
		assert_non_null(error_advice(e));
		assert_non_null(strstr(error_message(e), "arming the guard of p: "));
	}
}

static void say(struct suture_guard_status s, const char *wanted)
{
	struct strbuf out __cleanup_strbuf = { 0 };

	assert_null(guard_sentence(&s, &out));
	assert_string_equal(strbuf_str(&out), wanted);
}

static void each_state_has_its_sentence(void **state)
{
	struct suture_guard_status s = { .state = SUTURE_GUARD_WAITING, .deadline_ms = 1500 };

	(void)state;
	say(s, "waiting, confirm within 1.50 s");
	s.state = SUTURE_GUARD_ON_DUTY;
	s.deadline_ms = 0;
	say(s, "on duty, confirmed");
	s = (struct suture_guard_status){ .state = SUTURE_GUARD_REVERTING,
					  .reason = SUTURE_GUARD_OOPS,
					  .pid = 12,
					  .comm = "cat",
					  .where = "f+0x1/0x2 [m]",
					  .pinned = 3,
					  .pinned_pid = 13,
					  .pinned_comm = "dog",
					  .asking = 1 };
	say(s,
	    "being taken back: oops of cat (12) in f+0x1/0x2 [m]; pinned by dog (13) and 2 more; "
	    "livepatch has not answered yet");
	s.state = SUTURE_GUARD_REVERTED;
	s.reason = SUTURE_GUARD_DEADLINE;
	s.took_ms = 20;
	say(s, "taken back in 20 ms: nobody confirmed in time");
	s.state = SUTURE_GUARD_GONE;
	say(s, "somebody else disabled it");
	s.state = 99;
	say(s, "in a state that this suture does not know");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_request_is_filled_in),
		cmocka_unit_test(what_makes_no_sense_is_not_asked),
		cmocka_unit_test(answers_become_kinds_with_advice),
		cmocka_unit_test(each_state_has_its_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Error objects: what they keep, how they grow, that losing memory loses no error. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void test_an_error_keeps_its_kind_and_message(void **state)
{
	struct error *e __cleanup_error = error_refused("no fentry site in %s", "do_it");

	(void)state;
	assert_int_equal(error_kind(e), ERROR_REFUSED);
	assert_string_equal(error_message(e), "no fentry site in do_it");
	assert_int_equal(error_code(e), 0);
	assert_null(error_advice(e));
}

static void test_a_failed_system_call_is_named_with_its_reason(void **state)
{
	struct error *e __cleanup_error = error_errno(ENOSPC, "writing %s", "x");

	(void)state;
	assert_int_equal(error_kind(e), ERROR_FAILED);
	assert_int_equal(error_code(e), ENOSPC);
	assert_string_equal(error_message(e), "writing x: No space left on device");
}

static void test_context_goes_to_the_front_and_advice_to_the_end(void **state)
{
	struct error *e __cleanup_error = error_failed("c");

	(void)state;
	e = error_context(e, "b %d", 2);
	e = error_context(e, "a");
	e = error_advise(e, "first");
	e = error_advise(e, "second");
	assert_string_equal(error_message(e), "a: b 2: c");
	assert_string_equal(error_advice(e), "first\nsecond");
}

static void test_no_error_stays_no_error(void **state)
{
	(void)state;
	assert_null(error_context(NULL, "x"));
	assert_null(error_advise(NULL, "x"));
	assert_null(error_with_kind(NULL, ERROR_REFUSED));
}

static void test_out_of_memory_is_an_error_that_can_be_passed_on_and_freed(void **state)
{
	struct error *e = error_advise(error_context(error_nomem(), "x"), "y");

	(void)state;
	e = error_with_kind(e, ERROR_REFUSED);
	assert_int_equal(error_kind(e), ERROR_FAILED);
	assert_string_equal(error_message(e), "out of memory");
	error_free(&e);
	assert_null(e);
	error_free(&e);
	e = error_nomem();
	assert_string_equal(error_message(e), "out of memory");
}

static struct error *fail_with_context(void)
{
	TRY(NULL);
	TRY_CONTEXT(error_with_kind(error_failed("cause"), ERROR_VERIFY), "doing %s", "it");
	return NULL;
}

static void test_try_returns_the_error_with_its_context(void **state)
{
	struct error *e __cleanup_error = fail_with_context();

	(void)state;
	assert_int_equal(error_kind(e), ERROR_VERIFY);
	assert_string_equal(error_message(e), "doing it: cause");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_error_keeps_its_kind_and_message),
		cmocka_unit_test(test_a_failed_system_call_is_named_with_its_reason),
		cmocka_unit_test(test_context_goes_to_the_front_and_advice_to_the_end),
		cmocka_unit_test(test_no_error_stays_no_error),
		cmocka_unit_test(test_out_of_memory_is_an_error_that_can_be_passed_on_and_freed),
		cmocka_unit_test(test_try_returns_the_error_with_its_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

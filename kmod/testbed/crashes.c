// SPDX-License-Identifier: GPL-2.0-or-later
/* Faults that the kernel notices itself. */
#include <linux/bug.h>
#include <linux/export.h>

#include "testbed.h"

/*
 * N, through a pointer. At fault: NULL is read, an oops of the caller. Fixed by
 * patches/testbed/oops.
 */
static noinline long testbed_through(long n)
{
	const long *at = &n;

	if (testbed_knob(&testbed_oops))
		at = NULL;
	OPTIMIZER_HIDE_VAR(at);
	return READ_ONCE(*at);
}

struct testbed_fault testbed_oops = { .name = "oops", .call = testbed_through };

/* N. At fault: with a warning in the kernel's log at each call. Fixed by patches/testbed/warn. */
static noinline long testbed_warned(long n)
{
	WARN(testbed_knob(&testbed_warn), "suture_testbed: called with %ld\n", n);
	return n;
}

struct testbed_fault testbed_warn = { .name = "warn", .call = testbed_warned };

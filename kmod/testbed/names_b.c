// SPDX-License-Identifier: GPL-2.0-or-later
/* testbed_name() of names_a.c and of names_b.c have one name. */
#include <linux/errno.h>
#include <linux/export.h>

#include "testbed.h"

/* 5 * N, for an N of at most 5000. At fault: one too much. Fixed by patches/testbed/namesake. */
static noinline long testbed_name(long n)
{
	if (n < -5000 || n > 5000)
		return -ERANGE;
	if (testbed_knob(&testbed_namesake_b))
		return 5 * n + 1;
	return 5 * n;
}

struct testbed_fault testbed_namesake_b = { .name = "namesake_b", .call = testbed_name };

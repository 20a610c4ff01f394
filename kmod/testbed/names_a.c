// SPDX-License-Identifier: GPL-2.0-or-later
/* testbed_name() of names_a.c and of names_b.c have one name. */
#include <linux/errno.h>
#include <linux/export.h>

#include "testbed.h"

/* 3 * N, for an N of at most 3000. At fault: one too much. No fix is kept for it. */
static noinline long testbed_name(long n)
{
	if (n < -3000 || n > 3000)
		return -ERANGE;
	if (testbed_knob(&testbed_namesake_a))
		return 3 * n + 1;
	return 3 * n;
}

struct testbed_fault testbed_namesake_a = { .name = "namesake_a", .call = testbed_name };

// SPDX-License-Identifier: GPL-2.0-or-later
/* Results that are wrong, and a function that nobody calls. */
#include <linux/errno.h>
#include <linux/export.h>

#include "testbed.h"

/* The sum of 1 to N. At fault: one too little. Fixed by patches/testbed/wrong-result. */
static noinline long testbed_sum(long n)
{
	long sum = n * (n + 1) / 2;

	if (testbed_knob(&testbed_wrong_result))
		sum--;
	return sum;
}

struct testbed_fault testbed_wrong_result = { .name = "wrong_result", .call = testbed_sum };

/*
 * Half of an even N; an odd one is refused with EINVAL. At fault: with EIO. Fixed by
 * patches/testbed/wrong-errno.
 */
static noinline long testbed_half(long n)
{
	if (n & 1) {
		if (testbed_knob(&testbed_wrong_errno))
			return -EIO;
		return -EINVAL;
	}
	return n / 2;
}

struct testbed_fault testbed_wrong_errno = { .name = "wrong_errno", .call = testbed_half };

/* N. Nobody calls it, whatever is written: its fix can be in place, but not exercised. */
static noinline __used long testbed_nobody(long n)
{
	return testbed_knob(&testbed_uncalled) ? n + 1 : n;
}

/* What is called instead; the fix changes only the function above. */
static noinline long testbed_somebody(long n)
{
	return n;
}

struct testbed_fault testbed_uncalled = { .name = "uncalled", .call = testbed_somebody };

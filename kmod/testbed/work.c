// SPDX-License-Identifier: GPL-2.0-or-later
/* Work that takes longer than it should. */
#include <linux/export.h>
#include <linux/hash.h>

#include "testbed.h"

static u64 state = 1;

static noinline void testbed_rounds(long n)
{
	u64 v = READ_ONCE(state);

	for (; n > 0; n--)
		v = v * GOLDEN_RATIO_64 + 1;
	WRITE_ONCE(state, v);
}

/*
 * N rounds of arithmetic; how many there were. At fault: as many per cent of them as the knob says:
 * 150 is half as long again, 500 five times as long. Fixed by patches/testbed/slow.
 */
static noinline long testbed_compute(long n)
{
	u32 percent = testbed_knob(&testbed_slow);

	if (percent)
		n = n * percent / 100;
	testbed_rounds(n);
	return n;
}

struct testbed_fault testbed_slow = { .name = "slow", .call = testbed_compute };

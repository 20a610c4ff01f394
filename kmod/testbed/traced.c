// SPDX-License-Identifier: GPL-2.0-or-later
/* A function with a tracepoint of the module's own. */
#include <linux/export.h>

#include "testbed.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/*
 * 2 * N, told by the tracepoint suture_testbed:testbed_doubled. At fault: one too much. Fixed by
 * patches/testbed/tracepoint.
 */
static noinline long testbed_double(long n)
{
	long result = 2 * n;

	if (testbed_knob(&testbed_tracepoint))
		result++;
	trace_testbed_doubled(n, result);
	return result;
}

struct testbed_fault testbed_tracepoint = { .name = "tracepoint", .call = testbed_double };

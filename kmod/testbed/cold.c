// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shapes that the compiler gives to functions: the unlikely path of testbed_bounded() lies
 * elsewhere (testbed_bounded.cold), and of testbed_note() only what follows its first test is a
 * function (testbed_note.part.0), called by two.
 */
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/printk.h>

#include "testbed.h"

static long last[8];
static unsigned int noted;

/* Keeps what was too much. */
static void testbed_note(long n)
{
	unsigned int i;

	if (n <= 100)
		return;
	for (i = ARRAY_SIZE(last) - 1; i > 0; i--)
		last[i] = last[i - 1];
	last[0] = n;
	noted++;
	pr_debug("%ld noted, %u in all\n", n, noted);
}

static noinline __cold long testbed_complain(long n, long most)
{
	pr_warn("suture_testbed: %ld is more than %ld\n", n, most);
	return -ERANGE;
}

/*
 * 7 * N; more than 100 is refused. At fault: up to 200 is let through. Fixed by
 * patches/testbed/cold.
 */
static noinline long testbed_bounded(long n)
{
	long most = testbed_knob(&testbed_cold) ? 200 : 100;

	testbed_note(n);
	if (n > most)
		return testbed_complain(n, most);
	return 7 * n;
}

/* The same of a negative number. */
static noinline long testbed_either(long n)
{
	if (n < 0) {
		testbed_note(-n);
		n = -n;
	}
	return testbed_bounded(n);
}

struct testbed_fault testbed_cold = { .name = "cold", .call = testbed_either };

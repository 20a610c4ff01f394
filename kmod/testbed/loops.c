// SPDX-License-Identifier: GPL-2.0-or-later
/* Loops without an end of their own. */
#include <linux/export.h>
#include <linux/preempt.h>
#include <linux/processor.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "testbed.h"

/*
 * N. At fault: it goes round until the knob is 0 or its caller is killed; others run meanwhile.
 * Fixed by patches/testbed/loop.
 */
static noinline long testbed_round(long n)
{
	while (testbed_knob(&testbed_loop)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return n;
}

struct testbed_fault testbed_loop = { .name = "loop", .call = testbed_round };

/*
 * N. At fault: it keeps its CPU, with interrupts but without preemption, until the knob is 0. On
 * one CPU nobody can set it. Fixed by patches/testbed/hang.
 */
static noinline long testbed_spin(long n)
{
	preempt_disable();
	while (testbed_knob(&testbed_hang))
		cpu_relax();
	preempt_enable();
	return n;
}

struct testbed_fault testbed_hang = { .name = "hang", .call = testbed_spin };

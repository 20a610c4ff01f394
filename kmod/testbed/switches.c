// SPDX-License-Identifier: GPL-2.0-or-later
/* What a livepatch has to treat with care: a static key and per-cpu data of a module. */
#include <linux/export.h>
#include <linux/jump_label.h>
#include <linux/percpu.h>

#include "testbed.h"

static DEFINE_STATIC_KEY_FALSE(testbed_key);

/* The knob is the static key itself. */
void testbed_switch(bool on)
{
	if (on)
		static_branch_enable(&testbed_key);
	else
		static_branch_disable(&testbed_key);
}

/*
 * N, and 2 * N with the static key on. At fault, which is with the key on: one too much. Fixed by
 * patches/testbed/static-key.
 */
static noinline long testbed_branch(long n)
{
	if (static_branch_unlikely(&testbed_key))
		return 2 * n + 1;
	return n;
}

struct testbed_fault testbed_static_key = { .name = "static_key", .call = testbed_branch };

static DEFINE_PER_CPU(long, testbed_count);

/*
 * Adds N to the count of its CPU; the sum over all CPUs. At fault: it is added twice. Fixed by
 * patches/testbed/per-cpu.
 */
static noinline long testbed_add(long n)
{
	long sum = 0;
	int cpu;

	this_cpu_add(testbed_count, n);
	if (testbed_knob(&testbed_per_cpu))
		this_cpu_add(testbed_count, n);
	for_each_possible_cpu(cpu)
		sum += per_cpu(testbed_count, cpu);
	return sum;
}

struct testbed_fault testbed_per_cpu = { .name = "per_cpu", .call = testbed_add };

// SPDX-License-Identifier: GPL-2.0-or-later
/* One thread calls each function as often as its "rate" says; it lives outside of all of them. */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "testbed.h"

#define MOST_AT_ONCE 1000 /* calls that are made up for after a late wakeup */

static struct testbed_fault *const *all;
static size_t n_all;
static struct task_struct *thread;

/* The calls that 'ticks' jiffies owe. */
static void pay(struct testbed_fault *f, unsigned long ticks)
{
	u32 rate = READ_ONCE(f->rate);

	if (!rate) {
		f->owed = 0;
		return;
	}
	f->owed = min_t(u64, f->owed + (u64)rate * ticks, (u64)MOST_AT_ONCE * HZ);
	for (; f->owed >= HZ && !kthread_should_stop(); f->owed -= HZ)
		testbed_call(f, READ_ONCE(f->n));
}

static int rate_thread(void *unused)
{
	unsigned long last = jiffies;

	while (!kthread_should_stop()) {
		unsigned long now = jiffies;
		size_t i;

		for (i = 0; i < n_all; i++)
			pay(all[i], now - last);
		last = now;
		schedule_timeout_idle(1);
	}
	return 0;
}

int testbed_rate_start(struct testbed_fault *const *faults, size_t n)
{
	all = faults;
	n_all = n;
	thread = kthread_run(rate_thread, NULL, "testbed_rate");
	return PTR_ERR_OR_ZERO(thread);
}

void testbed_rate_stop(void)
{
	kthread_stop(thread);
}

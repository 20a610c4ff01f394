// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A kernel thread that sleeps inside of a function: what changes testbed_park() never gets the
 * thread out of it, while testbed_step() can be changed at any time.
 */
#include <linux/completion.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/mutex.h>
#include <linux/wait.h>

#include "testbed.h"

static struct task_struct *thread;
static DECLARE_WAIT_QUEUE_HEAD(work);
static DECLARE_COMPLETION(done);
static DEFINE_MUTEX(one_at_a_time);
static bool wanted;
static long in, out;

/* Sleeps, not to be interrupted, until there is work or an end: patches/testbed/bad-parked. */
static noinline void testbed_park(void)
{
	wait_event_idle(work, READ_ONCE(wanted) || kthread_should_stop());
}

/* N and one. At fault: N and two. Fixed by patches/testbed/parked. */
static noinline long testbed_step(long n)
{
	return testbed_knob(&testbed_parked) ? n + 2 : n + 1;
}

static int parked_thread(void *unused)
{
	while (!kthread_should_stop()) {
		testbed_park();
		if (!READ_ONCE(wanted))
			continue;
		out = testbed_step(in);
		WRITE_ONCE(wanted, false);
		complete(&done);
	}
	return 0;
}

/* Has the thread do one step, and go back to sleep. */
static noinline long testbed_ask(long n)
{
	long result = -ETIMEDOUT;

	mutex_lock(&one_at_a_time);
	reinit_completion(&done);
	in = n;
	WRITE_ONCE(wanted, true);
	wake_up(&work);
	if (wait_for_completion_timeout(&done, 30 * HZ))
		result = out;
	mutex_unlock(&one_at_a_time);
	return result;
}

struct testbed_fault testbed_parked = { .name = "parked", .call = testbed_ask };

int testbed_parked_start(void)
{
	thread = kthread_run(parked_thread, NULL, "testbed_parked");
	return PTR_ERR_OR_ZERO(thread);
}

void testbed_parked_stop(void)
{
	kthread_stop(thread);
}

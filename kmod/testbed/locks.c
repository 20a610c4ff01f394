// SPDX-License-Identifier: GPL-2.0-or-later
/* A lock that is held too long. */
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/spinlock.h>

#include "testbed.h"

static DEFINE_SPINLOCK(lock);
static long last;

/*
 * Sleeps N milliseconds after a look at what its lock guards; 0: EBUSY if the lock is taken.
 * At fault: it sleeps with the lock, a spinlock, held. Fixed by patches/testbed/sleep-locked.
 */
static noinline long testbed_rest(long n)
{
	if (!spin_trylock(&lock))
		return -EBUSY;
	last = n;
	if (testbed_knob(&testbed_sleep_locked) && n > 0) {
		msleep((unsigned int)n);
		/*
		 * The scheduler has told of the fault, and set the count of preemption to none: the
		 * unlock would take one more, and with a count of -1 every page fault of this
		 * processor kills, or nothing goes on at all. The fault is to be seen, not that.
		 */
		if (!preempt_count())
			preempt_disable();
	}
	spin_unlock(&lock);
	if (!testbed_knob(&testbed_sleep_locked) && n > 0)
		msleep((unsigned int)n);
	return n;
}

struct testbed_fault testbed_sleep_locked = { .name = "sleep_locked", .call = testbed_rest };

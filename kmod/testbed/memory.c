// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory that is lost. */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/export.h>
#include <linux/slab.h>

#include "testbed.h"

static atomic_long_t held; /* bytes that were allocated and not freed */

static noinline void *testbed_take(size_t n)
{
	void *p = kmalloc(n, GFP_KERNEL);

	if (p)
		atomic_long_add((long)n, &held);
	return p;
}

static noinline void testbed_give(void *p, size_t n)
{
	kfree(p);
	atomic_long_sub((long)n, &held);
}

/*
 * Allocates 64 bytes and frees them, N times; the bytes that are held in the end, 0. At fault:
 * as many bytes as the knob says are lost each time. Fixed by patches/testbed/leak.
 */
static noinline long testbed_borrow(long n)
{
	for (; n > 0; n--) {
		u32 lost = testbed_knob(&testbed_leak);
		void *p = testbed_take(64);

		if (!p)
			return -ENOMEM;
		testbed_give(p, 64);
		if (lost && !testbed_take(lost))
			return -ENOMEM;
	}
	return atomic_long_read(&held);
}

struct testbed_fault testbed_leak = { .name = "leak", .call = testbed_borrow };

// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/bug.h>
#include <linux/printk.h>

#include "wound.h"

static unsigned long calls;

static noinline unsigned long limited(unsigned long value)
{
	if (WARN_ON_ONCE(value > 1000000))
		return 0;
	calls++;
	pr_debug("%lu calls\n", calls);
	return value + 1; /* the fault: it should be value */
}

void wound_add(struct wound_count *c, unsigned long value)
{
	c->sum += limited(value);
	c->reads++;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WOUND_H
#define WOUND_H

#include <linux/module.h>

MODULE_INFO(seen_by_src, __FILE__);

/* How often /proc/wound was read, and what its readers were told, all together. */
struct wound_count {
	unsigned long reads, sum;
};

static inline unsigned long wound_mean(const struct wound_count *c)
{
	return c->sum / (c->reads + 2); /* the fault in a header: it should be c->reads */
}

void wound_add(struct wound_count *c, unsigned long value);
unsigned long wound_sum(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time that passes: seconds on CLOCK_MONOTONIC, for durations and deadlines only. */
#ifndef SUTURE_BASE_CLOCK_H
#define SUTURE_BASE_CLOCK_H

#include <time.h>

static inline double clock_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

#endif

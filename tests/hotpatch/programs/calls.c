// SPDX-License-Identifier: GPL-2.0-or-later
/* calls MILLIONS: nanoseconds of a turn of an empty loop, and of one with a call, again and again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/hotpatch/apart.h"

/* Nothing that a jump could hide behind, as a write to memory would be. */
APART int version(int x)
{
	return x * 5 + 1;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Not in main(), which never returns: a patch could wait for ever. */
APART double time_loop(long n)
{
	double began = now();

	for (long i = 0; i < n; i++)
		asm volatile("" ::: "memory");
	return (now() - began) / (double)n;
}

APART double time_calls(long n)
{
	double began = now();

	for (long i = 0; i < n; i++) {
		asm volatile("" ::: "memory");
		version(1);
	}
	return (now() - began) / (double)n;
}

int main(int argc, char **argv)
{
	long n = (argc > 1 ? atol(argv[1]) : 10) * 1000000;

	for (;;) {
		printf("%f %f\n", time_loop(n), time_calls(n));
		fflush(stdout);
	}
}

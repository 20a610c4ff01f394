// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Threads that call a function again and again: threads N sleep|busy|both. "both": one is busy
 * and notes the longest time between two of its calls; the others sleep. Prints what the function
 * returned whenever that changes, and at SIGTERM that time.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/hotpatch/apart.h"

int calls;
static volatile sig_atomic_t ended, ask;
static volatile double longest;

APART int version(int x)
{
	calls++;
	return x + 1;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Something else to do, so that the function is not all that a busy thread does. */
static void other_work(void)
{
	for (volatile int i = 0; i < 300; i++)
		;
}

static void *work(void *arg)
{
	double last = now();
	long busy = (long)arg;

	while (!ended) {
		double t;

		version(0);
		if (!busy) {
			usleep(20000000);
			continue;
		}
		other_work();
		t = now();
		if (busy > 1 && t - last > longest)
			longest = t - last;
		if (ask && busy > 1) {
			longest = 0;
			ask = 0;
		}
		last = t;
	}
	return NULL;
}

static void end(int signal)
{
	if (signal == SIGUSR1)
		ask = 1;
	else
		ended = 1;
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1, last = 0;
	const char *how = argc > 2 ? argv[2] : "sleep";
	struct sigaction a = { .sa_handler = end };

	sigaction(SIGTERM, &a, NULL);
	sigaction(SIGUSR1, &a, NULL);
	for (int i = 1; i < n; i++) {
		long busy = !strcmp(how, "busy") ? 1 : !strcmp(how, "both") && i == 1 ? 2 : 0;
		pthread_t t;

		if (pthread_create(&t, NULL, work, (void *)busy))
			return 1;
	}
	while (!ended) {
		int v = version(0);

		if (v != last) {
			printf("%d\n", v);
			fflush(stdout);
		}
		last = v;
		if (strcmp(how, "busy"))
			usleep(1000);
		else
			other_work();
	}
	printf("longest gap %.1f us\n", longest * 1e6);
	return 0;
}

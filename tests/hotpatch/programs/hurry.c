// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hurry THREADS CALLS: at each line of its input all threads call known() so many times together,
 * and it says what the last call gave. seldom() is never called, but could be.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "tests/hotpatch/apart.h"

static long each;
static int last;
static volatile int nothing; /* makes them long enough for a jump */

APART int known(int x)
{
	return x + 1 + nothing;
}

APART int seldom(int x)
{
	return x * 2 + nothing;
}

static void *hurry(void *arg)
{
	int got = 0;

	for (long i = 0; i < each; i++)
		got = known(1);
	last = got;
	return arg;
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[1]) : 0;
	pthread_t *t = calloc((size_t)n + 1, sizeof(*t));
	char line[16];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	each = argc > 2 ? atol(argv[2]) : 0;
	puts("ready");
	fflush(stdout);
	while (t && fgets(line, sizeof(line), stdin)) {
		for (int i = 0; i < n; i++)
			if (pthread_create(&t[i], NULL, hurry, NULL))
				return 1;
		for (int i = 0; i < n; i++)
			pthread_join(t[i], NULL);
		printf("%d\n", line[0] == 's' ? seldom(last) : last);
		fflush(stdout);
	}
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two functions that belong together: pair [spin]. A call of the first that is new while the
 * second is old, or the other way round, with no patch in between, is what a torn switch looks
 * like: it ends with status 3. Prints "old" or "new" whenever that changes.
 */
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

#include "tests/hotpatch/apart.h"

int calls;

APART int first(int x)
{
	calls++;
	return x + 1;
}

APART int second(int x)
{
	calls++;
	return x * 2;
}

/* Between the two calls one switch may have come; then the next two agree again. */
static int both(void)
{
	for (int i = 0; i < 3; i++) {
		int is_new = first(1) == 42;

		if (is_new == (second(3) == 300))
			return is_new;
	}
	fprintf(stderr, "pair: one is new and one is old\n");
	_exit(3);
}

static void *spin(void *arg)
{
	(void)arg;
	for (;;)
		both();
}

int main(int argc, char **argv)
{
	int last = -1;
	pthread_t t;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (argc > 1 && !strcmp(argv[1], "spin") && pthread_create(&t, NULL, spin, NULL))
		return 1;
	for (;;) {
		int is_new = both();

		if (is_new != last) {
			puts(is_new ? "new" : "old");
			fflush(stdout);
		}
		last = is_new;
		poll(NULL, 0, 2);
	}
}

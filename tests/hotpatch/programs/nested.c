// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nested: outer() calls inner(), which waits for a line of input; both print what they are. Where
 * both are timed, no word on the stack leads into outer() while inner() waits.
 */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "tests/hotpatch/apart.h"

int calls;

APART int inner(int x)
{
	char line[16];

	calls++;
	return fgets(line, sizeof(line), stdin) ? x + 1 : -1;
}

APART int outer(int x)
{
	int is = inner(x);

	calls++;
	printf("old %d\n", is);
	fflush(stdout);
	return is;
}

int main(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (outer(1) > 0)
		;
	return 0;
}

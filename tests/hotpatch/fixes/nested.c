// SPDX-License-Identifier: GPL-2.0-or-later
/* Both of programs/nested.c, which then say that they are new. */
#include <stdio.h>

extern int calls;
int inner(int x);

int inner(int x)
{
	char line[16];

	calls++;
	return fgets(line, sizeof(line), stdin) ? x + 41 : -1;
}

int outer(int x)
{
	int is = inner(x);

	calls++;
	printf("new %d\n", is);
	fflush(stdout);
	return is;
}

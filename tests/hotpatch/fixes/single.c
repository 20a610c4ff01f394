// SPDX-License-Identifier: GPL-2.0-or-later
/* Takes the place of pair.c: what fits to the original second(). */
#include "tests/hotpatch/apart.h"

extern int calls;

APART int first(int x)
{
	calls++;
	calls += x > 1000;
	return x + 1;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/hotpatch/apart.h"

extern int calls;
static int new_calls;

APART int first(int x)
{
	calls++;
	new_calls++;
	return x + 41;
}

APART int second(int x)
{
	calls++;
	new_calls++;
	return x * 100;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Another version, which counts in a variable of its own, too. */
#include "tests/hotpatch/apart.h"

extern int calls;
static int new_calls;

APART int version(int x)
{
	calls++;
	new_calls++;
	return x + 2;
}

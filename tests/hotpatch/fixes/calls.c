// SPDX-License-Identifier: GPL-2.0-or-later
/* The very same function: what is different is the way there. */
#include "tests/hotpatch/apart.h"

APART int version(int x)
{
	return x * 5 + 1;
}

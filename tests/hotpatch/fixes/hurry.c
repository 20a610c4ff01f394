// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/hotpatch/apart.h"

APART int known(int x)
{
	return x + 41;
}

APART int seldom(int x)
{
	return x * 100;
}

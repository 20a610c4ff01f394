// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/hotpatch/apart.h"

extern int calls;

APART int outer(int (*how)(void))
{
	return how() + calls + 1;
}

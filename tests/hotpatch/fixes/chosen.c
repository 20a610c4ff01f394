// SPDX-License-Identifier: GPL-2.0-or-later
/* A function of libc that a function chooses (IFUNC), and that the program does not call. */
#include <string.h>

#include "tests/hotpatch/apart.h"

APART int length(const char *s)
{
	return (int)strcspn(s, "x");
}

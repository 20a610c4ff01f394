// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/hotpatch/apart.h"

extern int calls;
extern __thread int own_calls __attribute__((tls_model("local-exec")));
static int first_own;

APART int version(int x)
{
	calls++;
	if (!first_own)
		first_own = own_calls;
	own_calls++;
	/* Thread-local variables keep what they had. */
	return own_calls > 7 ? x + 42 : -1;
}

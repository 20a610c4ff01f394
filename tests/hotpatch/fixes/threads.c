// SPDX-License-Identifier: GPL-2.0-or-later
/* Another version, which counts in a variable of its own, too. */
extern int calls;
static int new_calls;

__attribute__((noipa)) int version(int x)
{
	calls++;
	new_calls++;
	return x + 2;
}

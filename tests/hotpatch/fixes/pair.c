// SPDX-License-Identifier: GPL-2.0-or-later
extern int calls;
static int new_calls;

__attribute__((noipa)) int first(int x)
{
	calls++;
	new_calls++;
	return x + 41;
}

__attribute__((noipa)) int second(int x)
{
	calls++;
	new_calls++;
	return x * 100;
}

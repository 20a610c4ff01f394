// SPDX-License-Identifier: GPL-2.0-or-later
extern int calls;

__attribute__((noipa)) int outer(int (*how)(void))
{
	return how() + calls + 1;
}

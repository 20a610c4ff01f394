// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of hard signals. */
#include "judge/hard.h"

static const char *const names[HARD_SIGNALS] = {
	[HARD_OOPS] = "an oops",
	[HARD_WARNING] = "a warning from the new code",
	[HARD_LOCKUP] = "a lockup",
	[HARD_REDIRECT_LOST] = "the redirect was lost",
	[HARD_CRASH] = "a crash of a patched process",
	[HARD_CHECK] = "the health check failed",
};

const char *hard_name(enum hard_signal s)
{
	return s < HARD_SIGNALS ? names[s] : "nothing";
}

enum hard_signal hard_first(uint32_t seen, uint32_t chosen)
{
	uint32_t both = seen & chosen & HARD_ALL;

	return both ? (enum hard_signal)__builtin_ctz(both) : HARD_SIGNALS;
}

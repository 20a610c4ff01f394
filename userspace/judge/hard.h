/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals that need no statistics: one of them is enough. */
#ifndef SUTURE_JUDGE_HARD_H
#define SUTURE_JUDGE_HARD_H

#include <stdint.h>

enum hard_signal {
	HARD_OOPS,
	HARD_WARNING, /* from the new code */
	HARD_LOCKUP,  /* hung task, soft or hard lockup, RCU stall */
	HARD_REDIRECT_LOST,
	HARD_CRASH, /* of a patched process, by a signal that a fault raises */
	HARD_CHECK, /* somebody's own check of the service failed */
	HARD_SIGNALS
};

#define HARD_ALL ((1u << HARD_SIGNALS) - 1)

/* What is said of it: "an oops". */
const char *hard_name(enum hard_signal s);
/* The first that is both seen and chosen by policy; HARD_SIGNALS if none is. */
enum hard_signal hard_first(uint32_t seen, uint32_t chosen);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps of a longer work, on stderr, with elapsed time. On a terminal the current
 * step is one line that is rewritten and stays, with its time, when it is done;
 * elsewhere a plain line is printed at the end of each step that took over a
 * second. Steps do not nest: a new one ends the one before.
 */
#ifndef SUTURE_BASE_PROGRESS_H
#define SUTURE_BASE_PROGRESS_H

#include "base/error.h"

void progress_step(const char *fmt, ...) __printf_like(1, 2);
/* More about the current step ("3 of 12"), shown while it runs. */
void progress_note(const char *fmt, ...) __printf_like(1, 2);
/* Show the time that went by, if a step runs; for whoever waits in a loop. */
void progress_tick(void);
/* The current step is done. */
void progress_done(void);
/* The current step is given up: its line is wiped. */
void progress_abandon(void);
/* Wipe the line so that something else can be printed; it comes back by itself. */
void progress_hide(void);

#endif

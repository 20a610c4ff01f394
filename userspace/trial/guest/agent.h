/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a trial does inside of the guest: a small static program, so that waiting for a
 * transition costs no processes and a shell's sleep is no part of what is measured.
 *
 * Each command prints lines of words on stdout. Exit status 0: done; 1: the kernel said no (a line
 * "error ERRNO TEXT"); 2: it took too long (lines "task" and "at" name who holds it up);
 * 64: it was called wrongly.
 */
#ifndef SUTURE_TRIAL_GUEST_AGENT_H
#define SUTURE_TRIAL_GUEST_AGENT_H

#include <stdbool.h>
#include <stddef.h>

enum { AGENT_DONE = 0, AGENT_REFUSED = 1, AGENT_LATE = 2, AGENT_USAGE = 64 };

/* --- one patch (patch.c) -------------------------------------------------------- */

/* finit_module(2) */
int patch_insert(const char *ko, const char *parameters);
/* delete_module(2), again while the kernel still lets go of it, for at most 'seconds'. */
int patch_remove(const char *name, double seconds);
/* Until each task runs the new code: prints "live SECONDS". */
int patch_await(const char *name, double seconds);
/* Disable it and wait until it is gone from sysfs: prints "gone SECONDS". */
int patch_revert(const char *name, double seconds);
/* Wait until another patch has taken its place: prints "replaced SECONDS". */
int patch_await_replaced(const char *name, double seconds);

/* --- who holds a transition up (blockers.c) ------------------------------------- */

/* "task TID COMM" and its stack, "at FUNCTION+OFFSET/SIZE", for each that is not switched. */
void blockers_print(const char *name);

/* --- many times (rounds.c) -------------------------------------------------------- */

/* Load and unload it n times: a line "round LIVE GONE" each. */
int rounds_cycle(const char *ko, const char *name, unsigned int n, double seconds);
/* The first is live; n times the second takes its place and the first that of the second. */
int rounds_replace(const char *ko, const char *name, const char *ko2, const char *name2,
		   unsigned int n, double seconds);
/* Load and unload it n times while every CPU but the first goes and comes. */
int rounds_hotplug(const char *ko, const char *name, unsigned int n, double seconds);

/* --- something to do (load.c) ----------------------------------------------------- */

/*
 * Start n workers in the background, and one more that runs 'command' over and over (NULL: none).
 * Prints "load PID".
 */
int load_start(unsigned int n, const char *command);
/* End them all. */
int load_stop(void);

/* --- small things (files.c) ------------------------------------------------------- */

double now_seconds(void);
void pause_seconds(double seconds);
/* The text of a small file, without the last newline; false if it can't be read. */
bool text_of(const char *path, char *text, size_t room);
bool write_text(const char *path, const char *text);
/* Print "error ERRNO TEXT: WHAT"; returns AGENT_REFUSED. */
int refused(int err, const char *what);

#endif

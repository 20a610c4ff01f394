/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who lets stopped newcomers go when nobody else does (newcomers.h). */
#ifndef SUTURE_PROBE_NEWCOMERS_WARDEN_H
#define SUTURE_PROBE_NEWCOMERS_WARDEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* As bpf/newcomer.bpf.c has them. */
struct newcomer_held {
	uint64_t start, since, released;
};

/* What the warden judges by. */
enum warden_reason {
	WARDEN_WATCHES,	 /* its sutured lives, and takes one after the other: who stood for too long
			  */
	WARDEN_HUNG,	 /* it lives, and its heart does not beat: all who stand */
	WARDEN_ORPHANED, /* it is dead: all that it had not let go for certain */
};

/* Pure: of a sutured that lives, and whose heart beat then (0: it has not yet). */
enum warden_reason warden_judge(uint64_t heartbeat, uint64_t now);
/* Pure: whether that one is to be continued at 'now' (CLOCK_MONOTONIC, ns). */
bool warden_lets_go(const struct newcomer_held *h, enum warden_reason why, uint64_t now);

/* Whether this process is the one that began then: /proc/PID/stat's start is that in ticks. */
bool warden_is_same(pid_t pid, uint64_t start);

/* Pure: 'status' (/proc/PID/status) is of one that somebody else has stopped as well. */
bool warden_sees_others_stop(const char *status);
/* SIGCONT, but for such a one. */
bool warden_continue(pid_t pid);

/* Continue whom it judges so, of all in the map; returns how many. Forgets those that have ended.
 */
unsigned int warden_sweep(int held, enum warden_reason why);

/*
 * Fork it. 'heartbeat' is in memory that both see. It lives until it reads a byte from the pipe, or
 * the pipe ends, which is when its parent dies. Returns its pid, or -1 and errno; *pipe is the end
 * to keep.
 */
pid_t warden_begin(int held, volatile uint64_t *heartbeat, int *pipe);
/* Say that all is well, and wait for its end. */
void warden_end(pid_t pid, int *pipe);

uint64_t warden_now(void);

#endif

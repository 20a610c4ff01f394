/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A module with known faults, for tests and examples. Each is a folder of
 * /sys/kernel/debug/suture_testbed:
 *
 *	fault	0: it is sound (so it is at first). Else it is at fault; what the
 *		number means is said beside each fault
 *	call	write N: call it once with N. A negative result is the write's
 *		error. Read: the last result
 *	rate	calls a second by a kernel thread, with the last N written to call
 *	calls	how often it was called, in either way
 *
 * Whoever can write there is root, and asks for what comes.
 */
#ifndef SUTURE_TESTBED_H
#define SUTURE_TESTBED_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/types.h>

struct testbed_fault {
	const char *name;
	long (*call)(long n);
	u32 fault, rate;
	long n, result; /* of the last call */
	atomic_t calls;
	u64 owed; /* calls a second, in units of 1 / HZ: rate.c */
};

/* A negative result is an errno. */
long testbed_call(struct testbed_fault *f, long n);

/* Whether it is at fault; the knob's number. */
#define testbed_knob(f) READ_ONCE((f)->fault)

/* results.c */
extern struct testbed_fault testbed_wrong_result, testbed_wrong_errno, testbed_uncalled;
/* crashes.c */
extern struct testbed_fault testbed_oops, testbed_warn;
/* loops.c */
extern struct testbed_fault testbed_loop, testbed_hang;
/* locks.c */
extern struct testbed_fault testbed_sleep_locked;
/* memory.c */
extern struct testbed_fault testbed_leak;
/* work.c */
extern struct testbed_fault testbed_slow;
/* switches.c */
extern struct testbed_fault testbed_static_key, testbed_per_cpu;
void testbed_switch(bool on);
/* traced.c */
extern struct testbed_fault testbed_tracepoint;
/* parked.c */
extern struct testbed_fault testbed_parked;
int testbed_parked_start(void);
void testbed_parked_stop(void);
/* names_a.c, names_b.c */
extern struct testbed_fault testbed_namesake_a, testbed_namesake_b;
/* cold.c */
extern struct testbed_fault testbed_cold;

/* rate.c: the thread that calls at a rate. */
int testbed_rate_start(struct testbed_fault *const *faults, size_t n);
void testbed_rate_stop(void);

#endif

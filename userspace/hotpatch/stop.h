/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stopping the threads of a process, and letting them go again as they were.
 *
 * Threads are seized (PTRACE_SEIZE), which changes nothing, and then interrupted together. One
 * that meets a signal on the way is as good as stopped, and gets its signal when it goes on; one
 * in a group stop stays in it. A thread that does not stop in time (it waits in the kernel for a
 * device, or for its vfork child) fails the whole stop, by name.
 *
 * ptrace binds to the calling thread. One that has failed to stop can't be let go by a call: it
 * goes free when the calling thread ends. So each stop has a thread of its own, which ends after
 * it. For the same reason the kernel lets everything go when the manager is killed.
 *
 * Knowledge: ptrace(2), signal(7).
 */
#ifndef SUTURE_HOTPATCH_STOP_H
#define SUTURE_HOTPATCH_STOP_H

#include <dirent.h>
#include <stdbool.h>
#include <sys/user.h>
#include <time.h>

#include "base/vec.h"
#include "hotpatch/memory.h"

struct stopped_thread {
	pid_t tid;
	int signal;   /* met on the way, delivered when the thread goes on; or 0 */
	bool stopped; /* regs are valid */
	bool group;   /* in a group stop (SIGSTOP and the like) */
	bool settled; /* its stack was unwound, and is not in the way */
	struct user_regs_struct regs;
};

struct stop {
	const struct memory *memory;
	VEC(struct stopped_thread) threads;
	DIR *tasks;
	size_t dead; /* threads that have ended, and are listed until all have */
	timer_t timer;
	bool has_timer, fifo;
	bool left;    /* a thread has not stopped, and goes free when the calling one ends */
	double began; /* when the first was interrupted; 0: not yet */
	double took;  /* seconds from then until the last was let go */
};
#define STOP_NONE              \
	{                      \
		.memory = NULL \
	}

/* How a thread that was let run came back. */
enum stop_event {
	STOP_TRAPPED, /* by an interrupt, or in a group stop */
	STOP_SIGNAL,  /* about to get the signal noted in the thread */
	STOP_SYSCALL, /* at the entry or the exit of a system call */
	STOP_GONE,    /* the thread has ended */
	STOP_LATE,    /* not in time */
};

/*
 * Before anything else: opens the list of threads, makes the timer. It serves for one stop after
 * the other, each with a stop_release() at its end.
 */
struct error *stop_open(const struct memory *m, struct stop *out) __must_check;
/* At most so many of the threads, the first among them while it lives; how many. */
size_t stop_list(struct stop *s, pid_t *tids, size_t most);

/* Seize all threads that are there now; they run on. Refused if another traces one. */
struct error *stop_seize(struct stop *s) __must_check;
/* Interrupt all, those that appeared since included, and read their registers. Takes at most
 * 'seconds'. On failure the caller calls stop_close() and ends its thread. */
struct error *stop_all(struct stop *s, double seconds) __must_check;

/* Seize and stop this thread alone. */
struct error *stop_one(struct stop *s, pid_t tid, double seconds) __must_check;
/* Let a stopped thread run with that request (PTRACE_SYSCALL, PTRACE_CONT) until it stops. */
enum stop_event stop_step(struct stop *s, struct stopped_thread *t, int request, double seconds);
/* Several of these that share one limit: it begins with stop_limit(), and ends with 0 seconds. */
enum stop_event stop_step_on(struct stop *s, struct stopped_thread *t, int request);
void stop_limit(struct stop *s, double seconds);

/*
 * Let those that 'chosen' picks run on for some microseconds, while the others stand, and stop them
 * again: they may have left the place where they were in the way. False if one of them must not
 * run (it is in a system call, a group stop, or about to get a signal), or does not stop again.
 */
bool stop_nudge(struct stop *s, bool (*chosen)(const struct stopped_thread *t, void *arg),
		void *arg, unsigned int us, double seconds);

/*
 * Let all go: with their registers as they are, signals delivered. A system call that the stop
 * itself ended with EINTR, though it is one that a stop must not end, begins anew. Those that are
 * late are waited for then, while the others run, to be let go in the same way.
 */
void stop_release(struct stop *s);
/* Release, and forget all. */
void stop_close(struct stop *s);
#define __cleanup_stop __cleanup(stop_close)

/* Run at real-time priority, where that is allowed, until stop_release(). */
void stop_hurry(struct stop *s);

/* Whether the kernel must begin the call anew that left these registers at a stop. */
bool stop_cut_short(const struct user_regs_struct *regs);

#endif

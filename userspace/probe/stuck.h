/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tasks that run in the kernel and neither sleep nor leave it, and CPUs on which nobody else gets
 * a turn. While there is one, taking a redirect or a kprobe out waits for it inside the kernel,
 * with the locks of ftrace or of kprobes held: after that no module is loaded or unloaded any more
 * until it ends, and no way back is left. So nothing is begun then.
 *
 * Knowledge: kernel/trace/ftrace.c (ftrace_shutdown() waits for synchronize_rcu_tasks()),
 * kernel/kprobes.c (kprobe_optimizer(), the same under kprobe_mutex), Documentation/RCU/
 * checklist.rst (a task passes when it sleeps or runs in user space; cond_resched() is neither).
 */
#ifndef SUTURE_PROBE_STUCK_H
#define SUTURE_PROBE_STUCK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"

/* One look at a task. */
struct stuck_look {
	char state; /* as in /proc/PID/stat */
	bool kernel_thread;
	uint64_t user, kernel; /* clock ticks */
	uint64_t sleeps;       /* voluntary context switches */
	unsigned int cpu;
};

struct stuck_task {
	pid_t pid, tid;
	const char *comm;
	const char *in; /* a function that it was seen in: "testbed_round"; or NULL */
	bool certain;	/* it is a kernel thread, or was seen not to enter the kernel anew */
	struct stuck_look first, last;
};

struct stuck {
	VEC(struct stuck_task) v;
	int cpu; /* that does not answer; -1: all do */
	struct arena arena;
};

/*
 * Watch those that run now for a second, and up to 'seconds' while some of them go on. Where
 * nobody else runs, it takes no time.
 */
struct error *stuck_find(double seconds, struct stuck *out) __must_check;
void stuck_free(struct stuck *s);
#define __cleanup_stuck __cleanup(stuck_free)

/* /proc/PID/stat and /proc/PID/status; false: they are not understood. Pure. */
bool stuck_parse(const char *stat, const char *status, struct stuck_look *out);
/* Between the two it did not sleep and did not run in user space. Pure. */
bool stuck_goes_on(const struct stuck_look *first, const struct stuck_look *now);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One guarded patch, and what the parts of the module want of one another.
 *
 *	main.c		the device
 *	table.c		arm, confirm, disarm, status; which patch belongs to which guard
 *	duty.c		the thread of a guard: waits, takes back, sees it through
 *	signals.c	oopses, warnings, hung tasks: they only wake the thread
 *	watch.c		tasks that do not come out of a patch
 *	livepatch.c	the kernel's livepatch, asked without a file being opened
 *	stack.c		whether a task is in a patch
 */
#ifndef GUARD_H
#define GUARD_H

#include <linux/atomic.h>
#include <linux/irq_work.h>
#include <linux/kobject.h>
#include <linux/ktime.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcuwait.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "suture_guard.h"

#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

/*
 * ARMED -> FIRING -> FIRED by whoever comes first, in any context, with one cmpxchg; so does a
 * confirmation. The rest is done by the guard's thread.
 */
enum guard_phase {
	GUARD_FREE,
	GUARD_ARMED,
	GUARD_FIRING, /* the event is being written */
	GUARD_FIRED,
	GUARD_REVERTED, /* there is no thread any more */
	GUARD_LEAVING,	/* nobody wants it any more; its thread frees it */
};

/* A loaded livepatch. Valid as long as there is a reference to its module. */
struct guard_patch {
	struct klp_patch *klp;
	struct attribute *enabled, *transition, *force;
};

struct guard {
	atomic_t phase;
	u64 id;
	char name[SUTURE_GUARD_NAME];
	u32 flags, deadline_ms, stall_ms, force_ms;
	u64 armed, deadline; /* ns, monotonic; U64_MAX: none */
	bool soft_lockup;    /* there was one before */

	/*
	 * Change under guard_lock. Signals read the modules under RCU: a module is freed only after
	 * its notifiers and a grace period.
	 */
	struct module *coming; /* its init function runs */
	struct module *module; /* with a reference: 'patch' is there */
	struct guard_patch patch;
	bool was_there;

	/* Written by who set FIRING, before FIRED. */
	u64 fired;
	u32 reason;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	unsigned long where;

	/* The thread's. */
	struct rcuwait wait;
	struct irq_work wake;
	char *page; /* for what livepatch shows */
	char where_text[SUTURE_GUARD_WHERE];
	u64 ended;
	u32 attempts, error, forced, asking;
};

extern struct guard guards[SUTURE_GUARD_MOST];
/* Never held while livepatch is asked for anything that can take long. */
extern struct mutex guard_lock;

#define for_each_guard(g) for ((g) = guards; (g) < guards + SUTURE_GUARD_MOST; (g)++)

static inline enum guard_phase guard_phase(const struct guard *g)
{
	return atomic_read_acquire(&g->phase);
}

static inline bool guard_shift(struct guard *g, enum guard_phase from, enum guard_phase to)
{
	return atomic_cmpxchg(&g->phase, from, to) == from;
}

/* table.c */
void guard_table_init(void);
void guard_table_exit(void);
extern struct notifier_block guard_module_notifier;
int guard_arm(struct suture_guard_arm *a);
int guard_confirm(const struct suture_guard_of *of);
int guard_disarm(const struct suture_guard_of *of);
int guard_status(struct suture_guard_status *s);
/* Look whether the patch is there. */
void guard_look(struct guard *g);
/* Let go of the patch. */
void guard_unbind(struct guard *g);

/* duty.c: fires once; in any context, NMI included. 'where' 0: unknown; 'comm' NULL: nobody. */
void guard_fire(struct guard *g, u32 reason, pid_t pid, const char *comm, unsigned long where);
void guard_wake(struct irq_work *work);
int guard_duty(void *guard);

/* signals.c */
int guard_signals_init(void);
void guard_signals_exit(void);

/* watch.c */
int guard_watch_init(void);
void guard_watch_exit(void);
/* A guard was armed: look whether there is something to watch. */
void guard_watch_wake(void);

/* livepatch.c */
struct module *guard_module_get(const char *name);
int guard_patch_find(struct module *module, struct guard_patch *out);
bool guard_patch_enabled(const struct guard_patch *p);
/* 'page' is a whole page. */
bool guard_patch_in_transition(const struct guard_patch *p, char *page);
/* 0 or a negative errno; may wait for livepatch's lock. */
int guard_patch_disable(const struct guard_patch *p);
int guard_patch_force(const struct guard_patch *p);

struct guard_pinned {
	u32 n;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	unsigned long where; /* 0: unknown */
};

/* Tasks that still have the new code of a patch that is disabled. */
void guard_patch_pinned(const struct guard *g, struct guard_pinned *out);
/* duty.c: where it is in the patch, as far as that is known; else 'out' stays. */
void guard_tell_where(const struct guard *g, const struct guard_pinned *p,
		      char out[SUTURE_GUARD_WHERE]);

/*
 * stack.c: an address in the module on the task's stack; 0: none. 'regs' is where to begin, or
 * NULL. Of another task that runs nothing is seen. Under rcu_read_lock().
 */
unsigned long guard_stack_find(struct task_struct *task, struct pt_regs *regs,
			       const struct module *module);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tasks that do not come out of a patch, found in a few seconds where the kernel's own detectors
 * take twenty or more, or are off. One thread looks a few times in the time of a stall, and sleeps
 * without a timer while no guard wants it:
 *
 *  - what runs on other CPUs: each is interrupted and looks at what it interrupted
 *  - what is ready to run but does not, and what sleeps and can't be woken by a signal: their
 *    stacks are read
 *
 * That a task is in the patch each time says little of a busy function. So a suspect is marked
 * with the flag for work on return to user mode, which its next return takes away again: as long
 * as it is there, the task is in the same system call. A kernel thread returns nowhere. What runs
 * must not have slept in between, and what sleeps must not have run: who waits in a patch for
 * something, and sleeps again and again, is no stall.
 */
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/percpu.h>
#include <linux/rcuwait.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>

#include "guard.h"

#define MOST_SUSPECTS 16
#define LOOKS 8 /* in the time of a stall */

/* Where a task was seen, and what tells whether it has left in between. */
struct sight {
	pid_t pid;
	u64 start; /* when the task was made: numbers come again */
	char comm[TASK_COMM_LEN];
	bool same; /* as when it was marked */
	unsigned long switches;
	u64 at;
};

struct suspect {
	struct sight sight;
	u64 since;
};

struct sample {
	struct sight sight;
	unsigned long where[SUTURE_GUARD_MOST];
	bool any;
};

static struct suspect suspects[SUTURE_GUARD_MOST][MOST_SUSPECTS];
static u64 suspects_of[SUTURE_GUARD_MOST]; /* the guard's id */
static DEFINE_PER_CPU(struct sample, samples);
static DEFINE_PER_CPU(call_single_data_t, calls);
static DEFINE_PER_CPU(atomic_t, called);
static struct task_struct *watcher;

static bool is_wanted(const struct guard *g)
{
	return guard_phase(g) == GUARD_ARMED &&
	       g->flags & (SUTURE_GUARD_ON_STALL | SUTURE_GUARD_ON_ANY_HANG);
}

static bool wants_stalls(const struct guard *g)
{
	return guard_phase(g) == GUARD_ARMED && g->flags & SUTURE_GUARD_ON_STALL;
}

/* --- suspects ------------------------------------------------------------------------ */

static void see(struct sight *s, struct task_struct *task, bool asleep)
{
	s->pid = task->pid;
	s->start = task->start_time;
	s->at = ktime_get_ns();
	strscpy(s->comm, task->comm, sizeof(s->comm));
	s->switches = task->nvcsw + (asleep ? task->nivcsw : 0);
	s->same = asleep || task->flags & PF_KTHREAD ||
		  test_and_set_tsk_thread_flag(task, TIF_NOTIFY_RESUME);
}

/* The suspect's place, or the one of him who was not seen for longest. */
static struct suspect *place_of(struct suspect *list, const struct sight *s)
{
	struct suspect *oldest = list;
	size_t i;

	for (i = 0; i < MOST_SUSPECTS; i++) {
		if (list[i].sight.pid == s->pid && list[i].sight.start == s->start)
			return &list[i];
		if (list[i].sight.at < oldest->sight.at)
			oldest = &list[i];
	}
	return oldest;
}

/* A thread of the guard's that sleeps on a CPU which is stuck would never run again. */
static void keep_off(struct guard *g, int cpu)
{
	static struct cpumask others; /* the watcher's alone */
	struct task_struct *thread;

	cpumask_andnot(&others, cpu_online_mask, cpumask_of(cpu));
	rcu_read_lock();
	thread = rcu_dereference(g->wait.task);
	if (thread)
		get_task_struct(thread);
	rcu_read_unlock();
	if (!thread)
		return;
	if (!cpumask_empty(&others))
		set_cpus_allowed_ptr(thread, &others);
	put_task_struct(thread);
}

/* 'cpu' is where it runs; -1: it does not. */
static void suspect(struct guard *g, const struct sight *s, unsigned long where, int cpu)
{
	struct suspect *list = suspects[g - guards], *p;

	if (suspects_of[g - guards] != g->id) {
		memset(list, 0, sizeof(suspects[0]));
		suspects_of[g - guards] = g->id;
	}
	p = place_of(list, s);
	if (p->sight.pid != s->pid || p->sight.start != s->start || !s->same ||
	    p->sight.switches != s->switches)
		p->since = s->at;
	p->sight = *s;
	if (s->at - p->since < (u64)g->stall_ms * NSEC_PER_MSEC)
		return;
	if (cpu >= 0)
		keep_off(g, cpu);
	guard_fire(g, SUTURE_GUARD_STALL, s->pid, s->comm, where);
}

/* --- what runs ------------------------------------------------------------------------ */

/*
 * In an interrupt of another CPU, and of a kind that sets no get_irq_regs(): the unwinder goes from
 * here through what was interrupted.
 */
static void look_here(void *unused)
{
	struct sample *s = this_cpu_ptr(&samples);
	struct guard *g;

	s->any = false;
	if (is_idle_task(current))
		goto out;
	rcu_read_lock();
	for_each_guard(g)
	{
		const struct module *module = READ_ONCE(g->module);

		s->where[g - guards] =
			wants_stalls(g) && module ? guard_stack_find(current, NULL, module) : 0;
		s->any |= s->where[g - guards];
	}
	rcu_read_unlock();
	if (s->any)
		see(&s->sight, current, false);
out:
	atomic_set_release(this_cpu_ptr(&called), 0);
}

/* What was found since the last time, and the next call. A CPU that does not answer is left alone.
 */
static void look_at_cpu(int cpu)
{
	struct sample *s = per_cpu_ptr(&samples, cpu);
	atomic_t *busy = per_cpu_ptr(&called, cpu);
	struct guard *g;

	if (atomic_read_acquire(busy))
		return;
	for_each_guard(g) if (s->any && wants_stalls(g) && s->where[g - guards])
		suspect(g, &s->sight, s->where[g - guards], cpu);
	s->any = false;
	if (cpu == raw_smp_processor_id())
		return;
	atomic_set(busy, 1);
	if (smp_call_function_single_async(cpu, per_cpu_ptr(&calls, cpu)))
		atomic_set(busy, 0);
}

/* --- what does not run ------------------------------------------------------------------ */

static void look_at_task(struct task_struct *task)
{
	unsigned int state = READ_ONCE(task->__state);
	bool asleep = state & TASK_UNINTERRUPTIBLE && !(state & TASK_NOLOAD);
	struct sight s = { 0 };
	struct guard *g;

	if (task == current || READ_ONCE(task->on_cpu) || (!asleep && state != TASK_RUNNING))
		return;
	for_each_guard(g)
	{
		unsigned long where;

		if (!wants_stalls(g) || !g->module)
			continue;
		where = guard_stack_find(task, NULL, g->module);
		if (!where)
			continue;
		if (!s.pid)
			see(&s, task, asleep);
		suspect(g, &s, where, -1);
	}
}

static void look_at_tasks(void)
{
	struct task_struct *p, *t;

	rcu_read_lock();
	for_each_process_thread(p, t) look_at_task(t);
	rcu_read_unlock();
}

/* --- the thread ------------------------------------------------------------------------- */

/* There is no hook for a soft lockup, but it leaves its mark. */
static void look_at_taint(void)
{
	struct guard *g;

	if (!test_taint(TAINT_SOFTLOCKUP))
		return;
	for_each_guard(g) if (is_wanted(g) && g->flags & SUTURE_GUARD_ON_ANY_HANG &&
			      !g->soft_lockup) guard_fire(g, SUTURE_GUARD_HANG, 0, NULL, 0);
}

/* Until the next look, in ms; 0: nobody wants one. */
static u32 interval(void)
{
	struct guard *g;
	u32 ms = 0;

	for_each_guard(g)
	{
		u32 mine = MSEC_PER_SEC;

		if (!is_wanted(g))
			continue;
		if (g->flags & SUTURE_GUARD_ON_STALL)
			mine = clamp(g->stall_ms / LOOKS, 20U, (u32)MSEC_PER_SEC);
		ms = ms ? min(ms, mine) : mine;
	}
	return ms;
}

static void look_around(void)
{
	int cpu;

	for_each_online_cpu(cpu) look_at_cpu(cpu);
	look_at_tasks();
	look_at_taint();
}

static int watch(void *unused)
{
	sched_set_fifo(current);
	while (!kthread_should_stop()) {
		u32 ms;

		set_current_state(TASK_IDLE);
		ms = interval();
		if (ms) {
			ktime_t wait = ms_to_ktime(ms);

			schedule_hrtimeout(&wait, HRTIMER_MODE_REL);
			look_around();
		} else if (!kthread_should_stop()) {
			schedule();
		}
		__set_current_state(TASK_RUNNING);
	}
	return 0;
}

void guard_watch_wake(void)
{
	wake_up_process(watcher);
}

int guard_watch_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		INIT_CSD(per_cpu_ptr(&calls, cpu), look_here, NULL);
	watcher = kthread_run(watch, NULL, "suture_guard/w");
	return PTR_ERR_OR_ZERO(watcher);
}

/* A CPU that was called may still be at it. */
void guard_watch_exit(void)
{
	int cpu;

	kthread_stop(watcher);
	for_each_possible_cpu(cpu)
		while (atomic_read_acquire(per_cpu_ptr(&called, cpu)))
			schedule_timeout_uninterruptible(1);
}

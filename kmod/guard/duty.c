// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guard's thread, made when it is armed, at real-time priority. It needs no work queue: it
 * sleeps on a high-resolution timer, and is woken from an irq_work, because an oops may have
 * happened under the scheduler's locks. It looks once a second by itself, should that never run.
 *
 * Its reason is told before livepatch is asked: that call may never return.
 *
 * What it can't do without is klp_mutex, and, to end a transition that has begun, the system's
 * work queue: kernel/livepatch/transition.c tries again from there.
 */
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/timekeeping.h>
#include <uapi/linux/sched/types.h>

#include "guard.h"

#define HEARTBEAT_NS NSEC_PER_SEC

/* --- firing ------------------------------------------------------------------------ */

void guard_wake(struct irq_work *work)
{
	struct guard *g = container_of(work, struct guard, wake);

	rcuwait_wake_up(&g->wait);
}

void guard_fire(struct guard *g, u32 reason, pid_t pid, const char *comm, unsigned long where)
{
	if (!guard_shift(g, GUARD_ARMED, GUARD_FIRING))
		return;
	g->fired = ktime_get_mono_fast_ns();
	g->reason = reason;
	g->where = where;
	g->pid = pid;
	if (comm)
		strscpy(g->comm, comm, sizeof(g->comm));
	atomic_set_release(&g->phase, GUARD_FIRED);
	irq_work_queue(&g->wake);
}

/* --- waiting ------------------------------------------------------------------------ */

static void rest(struct guard *g, enum guard_phase phase, u64 until)
{
	ktime_t t = ns_to_ktime(min(until, ktime_get_ns() + HEARTBEAT_NS));

	prepare_to_rcuwait(&g->wait);
	set_current_state(TASK_IDLE);
	if (guard_phase(g) == phase)
		schedule_hrtimeout(&t, HRTIMER_MODE_ABS);
	__set_current_state(TASK_RUNNING);
	finish_rcuwait(&g->wait);
}

/* Somebody else may disable the patch: then its module must be free to go. */
static void keep_up(struct guard *g)
{
	if (!g->module) {
		guard_look(g);
		return;
	}
	if (guard_patch_enabled(&g->patch) || guard_patch_in_transition(&g->patch, g->page))
		return;
	pr_notice("%s was disabled by somebody else\n", g->name);
	guard_unbind(g);
}

static void wait_for_reason(struct guard *g)
{
	while (guard_phase(g) == GUARD_ARMED) {
		keep_up(g);
		if (ktime_get_ns() >= READ_ONCE(g->deadline))
			guard_fire(g, SUTURE_GUARD_DEADLINE, 0, NULL, 0);
		else
			rest(g, GUARD_ARMED, READ_ONCE(g->deadline));
	}
	while (guard_phase(g) == GUARD_FIRING)
		cpu_relax();
}

/* --- taking back --------------------------------------------------------------------- */

static void tell_reason(struct guard *g)
{
	static const char *const what[] = {
		[SUTURE_GUARD_DEADLINE] = "nobody confirmed in time",
		[SUTURE_GUARD_OOPS] = "oops",
		[SUTURE_GUARD_WARN] = "warning",
		[SUTURE_GUARD_STALL] = "a task does not come out of it",
		[SUTURE_GUARD_HANG] = "the kernel reports a hang",
	};

	if (g->where)
		snprintf(g->where_text, sizeof(g->where_text), "%pS", (void *)g->where);
	if (g->pid)
		pr_alert("%s: %s: %s (%d)%s%s; taking it back\n", g->name, what[g->reason], g->comm,
			 g->pid, g->where ? " in " : "", g->where_text);
	else
		pr_alert("%s: %s; taking it back\n", g->name, what[g->reason]);
}

static void ask(struct guard *g)
{
	int err;

	g->attempts++;
	WRITE_ONCE(g->asking, 1);
	err = guard_patch_disable(&g->patch);
	WRITE_ONCE(g->asking, 0);
	if (err && g->error != (u32)-err)
		pr_alert("%s: livepatch refuses to disable it (%d); trying again\n", g->name, err);
	WRITE_ONCE(g->error, (u32)-err);
}

static u64 ms_since(u64 t)
{
	return (ktime_get_ns() - t) / NSEC_PER_MSEC;
}

/* The stack of what runs can't be read, but it may be the one that was seen. */
void guard_tell_where(const struct guard *g, const struct guard_pinned *p,
		      char out[SUTURE_GUARD_WHERE])
{
	if (p->where)
		snprintf(out, SUTURE_GUARD_WHERE, "%pS", (void *)p->where);
	else if (p->pid == g->pid)
		strscpy(out, g->where_text, SUTURE_GUARD_WHERE);
}

/* Says it once for each task that is found in the way. */
static void tell_pinned(struct guard *g, pid_t *last)
{
	char where[SUTURE_GUARD_WHERE] = "";
	struct guard_pinned p;

	guard_patch_pinned(g, &p);
	if (!p.n || p.pid == *last)
		return;
	*last = p.pid;
	guard_tell_where(g, &p, where);
	pr_alert("%s: pinned by %s (%d)%s%s; %u tasks have the new code\n", g->name, p.comm, p.pid,
		 where[0] ? " in " : "", where, p.n);
}

static void maybe_force(struct guard *g)
{
	if (!(g->flags & SUTURE_GUARD_FORCE) || g->forced || ms_since(g->fired) < g->force_ms)
		return;
	pr_alert("%s: forcing the way back, as it was told: tasks in its code go on with it\n",
		 g->name);
	if (!guard_patch_force(&g->patch))
		g->forced = 1;
}

static void tell_end(struct guard *g, const char *how)
{
	g->ended = ktime_get_ns();
	pr_alert("%s: %s, %llu ms after the reason\n", g->name, how,
		 (g->ended - g->fired) / NSEC_PER_MSEC);
}

/* What is to be done next; false: nothing. */
static bool step(struct guard *g, pid_t *pinned)
{
	if (!g->module)
		guard_look(g);
	if (!g->module) {
		if (READ_ONCE(g->coming))
			return true;
		tell_end(g, "it is not there, and won't be let in before it is armed again");
		return false;
	}
	if (guard_patch_enabled(&g->patch)) {
		ask(g);
		return true;
	}
	if (!guard_patch_in_transition(&g->patch, g->page)) {
		tell_end(g, g->forced ? "taken back by force" : "taken back");
		return false;
	}
	if (ms_since(g->fired) > MSEC_PER_SEC)
		tell_pinned(g, pinned);
	maybe_force(g);
	return true;
}

static void take_back(struct guard *g)
{
	pid_t pinned = 0;

	tell_reason(g);
	while (guard_phase(g) == GUARD_FIRED && step(g, &pinned)) {
		u64 ms = ms_since(g->fired) < MSEC_PER_SEC ? 10 : 200;

		rest(g, GUARD_FIRED, ktime_get_ns() + ms * NSEC_PER_MSEC);
	}
}

/* From its last line on, the place may be another guard's. */
int guard_duty(void *data)
{
	struct guard *g = data;

	sched_set_fifo(current);
	wait_for_reason(g);
	if (guard_phase(g) == GUARD_FIRED)
		take_back(g);
	guard_unbind(g);
	free_page((unsigned long)g->page);
	g->page = NULL;
	if (!guard_shift(g, GUARD_FIRED, GUARD_REVERTED))
		atomic_set_release(&g->phase, GUARD_FREE);
	module_put_and_kthread_exit(0);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel says of trouble, to whoever asks:
 *
 *  - an oops, through the chain of die notifiers; with interrupts off, perhaps under any lock
 *  - a warning, KASAN, KFENCE: the tracepoint error_report_end, in the context of the report
 *  - a hung task: the tracepoint sched_process_hang, from khungtaskd
 *
 * Tracepoints are looked up by name, for not all are exported; a kernel that lacks one is served
 * without it, and it is said when the module is loaded. Here it is only noted which guard this
 * concerns. Knowledge: kernel/panic.c, kernel/hung_task.c, arch/x86/kernel/dumpstack.c.
 */
#include <linux/kdebug.h>
#include <linux/notifier.h>
#include <linux/ptrace.h>
#include <linux/tracepoint.h>
#include <trace/events/error_report.h>

#include "guard.h"

/* 'always': whoever has this flag wants it wherever it was. */
static void signal(u32 reason, u32 flag, u32 always, struct task_struct *task, struct pt_regs *regs)
{
	struct guard *g;

	rcu_read_lock();
	for_each_guard(g)
	{
		const struct module *module = READ_ONCE(g->module);
		unsigned long where;

		if (guard_phase(g) != GUARD_ARMED || !(g->flags & (flag | always)))
			continue;
		if (!module)
			module = READ_ONCE(g->coming);
		where = module ? guard_stack_find(task, regs, module) : 0;
		if (where || (g->flags & always))
			guard_fire(g, reason, task->pid, task->comm, where);
	}
	rcu_read_unlock();
}

static int on_die(struct notifier_block *nb, unsigned long event, void *data)
{
	struct die_args *args = data;

	if (event == DIE_OOPS && !(args->regs && user_mode(args->regs)))
		signal(SUTURE_GUARD_OOPS, SUTURE_GUARD_ON_OOPS, SUTURE_GUARD_ON_ANY_OOPS, current,
		       args->regs);
	return NOTIFY_DONE;
}

static struct notifier_block die_notifier = { .notifier_call = on_die };

static void on_report(void *unused, enum error_detector detector, unsigned long id)
{
	signal(SUTURE_GUARD_WARN, SUTURE_GUARD_ON_WARN, 0, current, NULL);
}

static void on_hang(void *unused, struct task_struct *task)
{
	signal(SUTURE_GUARD_HANG, 0, SUTURE_GUARD_ON_ANY_HANG, task, NULL);
}

static struct {
	const char *name, *what;
	void *probe;
	struct tracepoint *found;
} points[] = {
	{ .name = "error_report_end", .what = "warnings", .probe = on_report },
	{ .name = "sched_process_hang", .what = "hung tasks", .probe = on_hang },
};

static void find_point(struct tracepoint *point, void *unused)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(points); i++)
		if (!strcmp(point->name, points[i].name))
			points[i].found = point;
}

static void forget_points(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(points); i++)
		if (points[i].found)
			tracepoint_probe_unregister(points[i].found, points[i].probe, NULL);
	tracepoint_synchronize_unregister();
}

int guard_signals_init(void)
{
	size_t i;
	int err;

	for_each_kernel_tracepoint(find_point, NULL);
	for (i = 0; i < ARRAY_SIZE(points); i++) {
		if (points[i].found &&
		    !tracepoint_probe_register(points[i].found, points[i].probe, NULL))
			continue;
		points[i].found = NULL;
		pr_warn("this kernel does not tell of %s\n", points[i].what);
	}
	err = register_die_notifier(&die_notifier);
	if (err)
		forget_points();
	return err;
}

void guard_signals_exit(void)
{
	unregister_die_notifier(&die_notifier);
	forget_points();
}

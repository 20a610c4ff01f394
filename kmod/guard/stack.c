// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's own unwinder, which goes through exceptions and interrupts
 * (arch/x86/kernel/stacktrace.c uses it alike). What is exported around it differs: there is no
 * stack_trace_save_tsk() in 6.1, and no put_task_stack() anywhere.
 *
 * So the stack of another task is kept by RCU alone: a stack that is not cached for the next task
 * is freed after a grace period, or lies in memory that is always mapped. A task that ends while
 * it is looked at may give a wrong answer, but no fault.
 */
#include <linux/sched/task_stack.h>
#include <asm/unwind.h>

#include "guard.h"

#define MOST_FRAMES 256

unsigned long guard_stack_find(struct task_struct *task, struct pt_regs *regs,
			       const struct module *module)
{
	struct unwind_state state;
	unsigned int n = 0;

	if (task != current && (task->exit_state || !READ_ONCE(task->stack)))
		return 0;
	if (regs && within_module(instruction_pointer(regs), module))
		return instruction_pointer(regs);
	for (unwind_start(&state, task, regs, NULL); !unwind_done(&state) && n < MOST_FRAMES;
	     unwind_next_frame(&state), n++) {
		unsigned long address = unwind_get_return_address(&state);

		if (!address)
			break;
		if (within_module(address, module))
			return address;
	}
	return 0;
}

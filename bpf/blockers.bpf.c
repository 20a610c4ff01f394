// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All tasks in one pass, with their kernel stacks, as text: which of them does a livepatch's
 * transition wait for, and where are they?
 *
 *	task TID PID FLAGS STATE PATCH_STATE ON_CPU COMM
 *	NAME+0x10/0x20 [MODULE]
 *	...
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* The fields that are used; where they are is filled in from the running kernel's types. */
struct task_struct {
	unsigned int flags;
	unsigned int __state;
	int on_cpu;
	int pid, tgid;
	int patch_state;
	char comm[16];
} __attribute__((preserve_access_index));

struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
} __attribute__((preserve_access_index));
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} __attribute__((preserve_access_index));

#define DEPTH 64

/* What is not wanted: tasks in this patch state, or -1 (there is no transition); -2: all are. */
const volatile int wanted = -2;

/* One reader at a time: each has its own program. */
static __u64 addresses[DEPTH];

static char name[16];

/* A task can call itself anything: no line may begin in its name. */
static __always_inline void copy_name(struct task_struct *task)
{
	bpf_core_read(name, sizeof(name), &task->comm);
	for (int i = 0; i < (int)sizeof(name); i++)
		if (name[i] && (name[i] < ' ' || name[i] > '~'))
			name[i] = '?';
	name[sizeof(name) - 1] = '\0';
}

SEC("iter/task")
int print_task(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;
	int patch_state = -1, on_cpu = 0;
	long size;

	if (!task)
		return 0;
	if (bpf_core_field_exists(task->patch_state))
		patch_state = task->patch_state;
	if (wanted != -2 && (patch_state == wanted || patch_state == -1))
		return 0;
	if (bpf_core_field_exists(task->on_cpu))
		on_cpu = task->on_cpu;
	copy_name(task);
	BPF_SEQ_PRINTF(seq, "task %d %d %u %u %d %d %s\n", task->pid, task->tgid, task->flags,
		       task->__state, patch_state, on_cpu, name);
	if (on_cpu)
		return 0; /* what is on its stack is of no account: it moves */
	size = bpf_get_task_stack(task, addresses, sizeof(addresses), 0);
	for (int i = 0; i < DEPTH; i++) {
		if (size < (long)((i + 1) * sizeof(addresses[0])))
			break;
		BPF_SEQ_PRINTF(seq, "%pB\n", addresses[i]);
	}
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

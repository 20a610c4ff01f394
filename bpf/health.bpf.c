// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does the host suffer? Each program counts one kind of event, at a tracepoint, and keeps who it
 * was the last time. The members of a tracepoint's record are those of its format file
 * (/sys/kernel/tracing/events); one that a kernel lacks is left out, and told.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "health.h"

#define SIGILL 4
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGSEGV 11
#define SIGSYS 31

struct task_struct {
	int exit_code;
	int pid, tgid;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, HEALTH_EVENTS);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct health_last);
	__uint(max_entries, HEALTH_EVENTS);
} lasts SEC(".maps");

static __always_inline void count(__u32 event, int code)
{
	__u64 *n = bpf_map_lookup_elem(&events, &event);
	struct health_last *last = bpf_map_lookup_elem(&lasts, &event);

	/* An interrupt may count in between. */
	if (n)
		__sync_fetch_and_add(n, 1);
	if (!last)
		return;
	last->pid = (int)(bpf_get_current_pid_tgid() >> 32);
	last->code = code;
	bpf_get_current_comm(last->comm, sizeof(last->comm));
	last->when = bpf_ktime_get_ns();
}

struct signal_deliver {
	__u64 common;
	int sig, errno, code;
	unsigned long sa_handler, sa_flags;
};

SEC("tracepoint/signal/signal_deliver")
int crashes(struct signal_deliver *at)
{
	int s = at->sig;
	bool dumps = s == SIGILL || s == SIGABRT || s == SIGBUS || s == SIGFPE || s == SIGSEGV ||
		     s == SIGSYS;

	if (dumps && !at->sa_handler)
		count(HEALTH_CRASHES, s);
	return 0;
}

SEC("tracepoint/sched/sched_process_exit")
int exits(void *at)
{
	const struct task_struct *task = (const void *)bpf_get_current_task();
	int code = BPF_CORE_READ(task, exit_code);

	(void)at;
	/* Of a process, not of each of its threads; a signal is counted by itself. */
	if (BPF_CORE_READ(task, pid) == BPF_CORE_READ(task, tgid) && !(code & 0x7f) && code >> 8)
		count(HEALTH_EXITS, code >> 8);
	return 0;
}

SEC("tracepoint/sched/sched_process_hang")
int hangs(void *at)
{
	(void)at;
	count(HEALTH_HANGS, 0);
	return 0;
}

SEC("tracepoint/rcu/rcu_stall_warning")
int stalls(void *at)
{
	(void)at;
	count(HEALTH_STALLS, 0);
	return 0;
}

SEC("tracepoint/oom/mark_victim")
int oom(void *at)
{
	(void)at;
	count(HEALTH_OOM, 0);
	return 0;
}

enum error_detector { ERROR_DETECTOR_WARN = 2 };

struct error_report_end {
	__u64 common;
	int detector;
};

/* Warnings come by here as well; the kernel counts them by itself. */
SEC("tracepoint/error_report/error_report_end")
int reports(struct error_report_end *at)
{
	if (bpf_core_enum_value_exists(enum error_detector, ERROR_DETECTOR_WARN) &&
	    at->detector == (int)bpf_core_enum_value(enum error_detector, ERROR_DETECTOR_WARN))
		return 0;
	count(HEALTH_REPORTS, at->detector);
	return 0;
}

SEC("tracepoint/tcp/tcp_retransmit_skb")
int retransmits(void *at)
{
	(void)at;
	count(HEALTH_RETRANSMITS, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whose code is it? Of a warning of the kernel, and of a signal by which the kernel ends a process
 * for what that did: does the stack go through the new code (or the old one, for what is usual
 * there)?
 *
 * A signal that a process sends, or that is handled, is nobody's crash. Knowledge:
 * include/trace/events/error_report.h and signal.h (arguments), kernel/panic.c (__warn()),
 * include/uapi/asm-generic/siginfo.h.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#include "blame.h"
#include "places.h"

#define SIGILL 4
#define SIGTRAP 5
#define SIGABRT 6
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGSEGV 11
#define SIGSYS 31

#define SEND_SIG_PRIV ((void *)1)
#define TRACE_SIGNAL_DELIVERED 0
#define DEPTH 64

/* The fields that are used; where they are is filled in from the running kernel's types. */
struct kernel_siginfo {
	int si_code;
} __attribute__((preserve_access_index));
struct sigaction {
	void *sa_handler;
} __attribute__((preserve_access_index));
struct k_sigaction {
	struct sigaction sa;
} __attribute__((preserve_access_index));
struct task_struct {
	int pid, tgid;
} __attribute__((preserve_access_index));
enum error_detector { ERROR_DETECTOR_WARN = 2 };

/* The reader's: the new code, and the old. */
volatile struct places places, old_places;

struct blame_counts counts;

enum sender { NOBODY, OLD_CODE, NEW_CODE };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u64[DEPTH]);
	__uint(max_entries, 1);
} stacks SEC(".maps");

/* Signals that were sent and not yet delivered: process and signal. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, __u64);
	__type(value, __u32);
	__uint(max_entries, 1024);
} sent SEC(".maps");

/* Global functions, so that the verifier looks at each loop once, and not at their product. */
__attribute__((noinline)) int is_new(__u64 address)
{
	return places_have(&places, address);
}

__attribute__((noinline)) int is_old(__u64 address)
{
	return places_have(&old_places, address);
}

static __always_inline enum sender on_stack(void *ctx)
{
	enum sender found = NOBODY;
	__u32 zero = 0;
	__u64 *stack = bpf_map_lookup_elem(&stacks, &zero);
	long size;

	if (!stack || (!places.n && !old_places.n))
		return NOBODY;
	size = bpf_get_stack(ctx, stack, DEPTH * sizeof(*stack), 0);
	for (int i = 0; i < DEPTH; i++) {
		if (size < (long)((i + 1) * sizeof(*stack)))
			break;
		if (is_new(stack[i]))
			return NEW_CODE;
		if (is_old(stack[i]))
			found = OLD_CODE;
	}
	return found;
}

/* enum error_detector, id */
SEC("raw_tp/error_report_end")
int warned(struct bpf_raw_tracepoint_args *ctx)
{
	if (ctx->args[0] != bpf_core_enum_value(enum error_detector, ERROR_DETECTOR_WARN))
		return 0;
	if (on_stack(ctx) == NEW_CODE)
		__sync_fetch_and_add(&counts.warnings, 1);
	else
		__sync_fetch_and_add(&counts.others, 1);
	return 0;
}

static __always_inline bool is_crash(int s)
{
	return s == SIGILL || s == SIGTRAP || s == SIGABRT || s == SIGBUS || s == SIGFPE ||
	       s == SIGKILL || s == SIGSEGV || s == SIGSYS;
}

static __always_inline __u64 key_of(int tgid, int s)
{
	return (__u64)(__u32)tgid << 32 | (__u32)s;
}

/* sig, info, task, group, result */
SEC("raw_tp/signal_generate")
int generated(struct bpf_raw_tracepoint_args *ctx)
{
	const struct kernel_siginfo *info = (const void *)ctx->args[1];
	const struct task_struct *task = (const void *)ctx->args[2];
	int s = (int)ctx->args[0];
	enum sender by;
	__u64 key;

	if (!is_crash(s) || (int)ctx->args[4] != TRACE_SIGNAL_DELIVERED)
		return 0;
	if (info != SEND_SIG_PRIV && (!info || BPF_CORE_READ(info, si_code) <= 0))
		return 0;
	by = on_stack(ctx);
	if (by == NOBODY)
		return 0;
	key = key_of(BPF_CORE_READ(task, tgid), s);
	bpf_map_update_elem(&sent, &key, &by, BPF_ANY);
	return 0;
}

/* sig, info, k_sigaction */
SEC("raw_tp/signal_deliver")
int delivered(struct bpf_raw_tracepoint_args *ctx)
{
	const struct k_sigaction *action = (const void *)ctx->args[2];
	int s = (int)ctx->args[0], pid;
	__u32 *by, who;
	__u64 key;

	if (!is_crash(s))
		return 0;
	pid = (int)(bpf_get_current_pid_tgid() >> 32);
	key = key_of(pid, s);
	by = bpf_map_lookup_elem(&sent, &key);
	if (!by)
		return 0;
	who = *by;
	bpf_map_delete_elem(&sent, &key);
	if (BPF_CORE_READ(action, sa.sa_handler))
		return 0;
	if (who == OLD_CODE) {
		__sync_fetch_and_add(&counts.old_crashes, 1);
		return 0;
	}
	__sync_fetch_and_add(&counts.crashes, 1);
	counts.victim.pid = pid;
	counts.victim.signal = s;
	bpf_get_current_comm(counts.victim.comm, sizeof(counts.victim.comm));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

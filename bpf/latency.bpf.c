// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long does a function take, how often is it called, and what does it return?
 *
 * A call is known between its entry and its return by the place of its frame on the kernel's stack,
 * which no other call has meanwhile: recursion, preemption, interrupts and moving to another CPU
 * need nothing more. A trampoline hands both its programs the same context, which lies in its
 * frame; a kprobe and a kretprobe see the stack pointer, before and behind the return address.
 *
 * One object is loaded for each function. A call that began before the programs were attached, or
 * whose other end a probe missed, is not timed.
 *
 * The kernel runs no program of these inside itself on one CPU (kernel/bpf/trampoline.c,
 * trace_call_bpf()), and the two of a pair write different members: plain additions lose nothing.
 */
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "latency.h"

/*
 * The time of one call in so many is taken, on average; it may change while calls come. Which ones
 * is left to chance: every n-th would miss, or see nothing but, what comes in a rhythm.
 */
volatile __u32 sample_every = 1;
/* Set before loading. */
const volatile __u32 returned = LATENCY_RETURN_NONE;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, struct latency_counts);
	__uint(max_entries, 1);
} counts SEC(".maps");

/*
 * Calls under way, found by a hash of the frame. One whose slot another call has is not timed: to
 * push that one out would lose long calls more often than short ones.
 */
#define SLOT_BITS 12
#define STALE (600ull * 1000000000) /* its return was missed: the slot is free for others */

struct slot {
	__u64 frame; /* 0: free */
	__u64 began; /* nanoseconds */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct slot);
	__uint(max_entries, 1 << SLOT_BITS);
} slots SEC(".maps");

#define inline __always_inline

static inline struct slot *slot_of(__u64 frame)
{
	__u32 i = (__u32)((frame * 0x9e3779b97f4a7c15ull) >> (64 - SLOT_BITS));

	return bpf_map_lookup_elem(&slots, &i);
}

static inline struct latency_counts *own_counts(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&counts, &zero);
}

static inline __u32 log2_of(__u64 v)
{
	__u32 n = 0;

	if (v >> 32) {
		v >>= 32;
		n += 32;
	}
	if (v >> 16) {
		v >>= 16;
		n += 16;
	}
	if (v >> 8) {
		v >>= 8;
		n += 8;
	}
	if (v >> 4) {
		v >>= 4;
		n += 4;
	}
	if (v >> 2) {
		v >>= 2;
		n += 2;
	}
	return n + (__u32)(v >> 1);
}

static inline __u32 bucket_of(__u64 ns)
{
	__u32 bits;

	if (ns < LATENCY_SUB)
		return (__u32)ns;
	bits = log2_of(ns);
	if (bits >= LATENCY_BITS)
		return LATENCY_BUCKETS - 1;
	return (bits - LATENCY_SUB_BITS + 1) * LATENCY_SUB +
	       ((ns >> (bits - LATENCY_SUB_BITS)) & (LATENCY_SUB - 1));
}

static inline __u32 class_of(__u64 value)
{
	__s64 v = (__s64)value;

	switch (returned) {
	case LATENCY_RETURN_INT:
		v = (__s32)value;
		break;
	case LATENCY_RETURN_BOOL:
		return (value & 0xff) ? LATENCY_POSITIVE : LATENCY_ZERO;
	case LATENCY_RETURN_UNSIGNED_INT:
		return (__u32)value ? LATENCY_POSITIVE : LATENCY_ZERO;
	case LATENCY_RETURN_UNSIGNED:
		return value ? LATENCY_POSITIVE : LATENCY_ZERO;
	case LATENCY_RETURN_POINTER:
		if (v < 0 && v < -4095)
			return LATENCY_POSITIVE;
		break;
	}
	if (v > 0)
		return LATENCY_POSITIVE;
	return v > -LATENCY_ERRNOS ? (__u32)-v : LATENCY_NEGATIVE;
}

/* Its slot, or NULL if another call has that. */
static inline struct slot *take_slot(__u64 frame, __u64 now)
{
	struct slot *s = slot_of(frame);
	__u64 held;

	if (!s)
		return NULL;
	held = __sync_val_compare_and_swap(&s->frame, 0, frame);
	if (!held || held == frame)
		return s;
	if (now - s->began < STALE)
		return NULL;
	return __sync_val_compare_and_swap(&s->frame, held, frame) == held ? s : NULL;
}

/* Its slot, if the call's time is taken: most are not, and cost no more than this. */
static inline struct slot *timed_slot(__u64 frame)
{
	struct slot *s = slot_of(frame);

	return s && s->frame == frame ? s : NULL;
}

/* How many calls to pass by before the next: each of 0 to 2 (n - 1) as likely as the others. */
static inline __u64 passed_by(void)
{
	__u64 n = sample_every;

	return n > 1 ? (bpf_get_prandom_u32() * (2 * n - 1)) >> 32 : 0;
}

static inline void enter(struct latency_counts *c, __u64 frame)
{
	struct slot *s;
	__u64 now;

	c->entries++;
	if (c->pass_by) {
		c->pass_by--;
		/* A call that was there before, and whose end was missed, is not this one. */
		s = timed_slot(frame);
		if (s)
			s->frame = 0;
		return;
	}
	c->pass_by = passed_by();
	now = bpf_ktime_get_ns();
	s = take_slot(frame, now);
	if (!s) {
		c->unseen++;
		return;
	}
	c->taken++;
	s->began = now;
}

/* The verifier must see the very number that was compared. */
#define ADD_TO(counter, number, i)          \
	do {                                \
		asm volatile("" : "+r"(i)); \
		if ((i) < (number))         \
			(counter)[i]++;     \
	} while (0)

static inline void leave(struct latency_counts *c, struct slot *s, __u64 value)
{
	__u64 ns = bpf_ktime_get_ns() - s->began, i;

	s->frame = 0;
	c->returns++;
	c->nanoseconds += ns;
	i = bucket_of(ns);
	ADD_TO(c->buckets, LATENCY_BUCKETS, i);
	if (returned == LATENCY_RETURN_NONE)
		return;
	i = class_of(value);
	ADD_TO(c->classes, LATENCY_CLASSES, i);
}

/* A pointer as a number: the verifier lets it be reckoned with only once it has been in a map. */
static inline __u64 number_of(void *pointer, volatile unsigned long long *scratch)
{
	*scratch = (__u64)pointer;
	return *scratch;
}

SEC("fentry")
int enter_by_trampoline(void *ctx)
{
	struct latency_counts *c = own_counts();

	if (c)
		enter(c, number_of(ctx, &c->scratch[0]));
	return 0;
}

SEC("fexit")
int leave_by_trampoline(void *ctx)
{
	struct latency_counts *c = own_counts();
	struct slot *s = c ? timed_slot(number_of(ctx, &c->scratch[1])) : NULL;
	__u64 value = 0;

	if (!s)
		return 0;
	bpf_get_func_ret(ctx, &value);
	leave(c, s, value);
	return 0;
}

/* On entry the return address is on top of the stack. */
SEC("kprobe")
int enter_by_kprobe(struct pt_regs *ctx)
{
	struct latency_counts *c = own_counts();

	if (c)
		enter(c, PT_REGS_SP(ctx) + sizeof(long));
	return 0;
}

SEC("kretprobe")
int leave_by_kprobe(struct pt_regs *ctx)
{
	struct slot *s = timed_slot(PT_REGS_SP(ctx));
	struct latency_counts *c = s ? own_counts() : NULL;

	if (c)
		leave(c, s, PT_REGS_RC(ctx));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How often was a place in the kernel executed? Attached to each place with the number of its
 * counter as cookie. Counters are per CPU and never reset: the reader takes differences.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 1); /* set before loading */
} executions SEC(".maps");

SEC("kprobe")
int count_execution(void *ctx)
{
	__u32 place = (__u32)bpf_get_attach_cookie(ctx);
	__u64 *n = bpf_map_lookup_elem(&executions, &place);

	/* Kprobe programs do not nest on a CPU, so this needs no atomic. */
	if (n)
		++*n;
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How many bytes does this code hold? What it allocated from the slabs, at a call that lies in one
 * of the places, and nobody has given back since, whoever that would be.
 *
 * Each allocation and each free of the whole kernel comes by, and what is done about it must cost
 * the same whether the code is the one in question or not: else calls of the new code would take
 * longer only because they are looked at. So of all allocations a few are drawn first, and only
 * these are looked at; of frees a table tells nearly all that were not followed.
 *
 * Knowledge: include/trace/events/kmem.h (arguments of the tracepoints; the reader checks them by
 * BTF), include/linux/rcupdate.h (kfree_rcu()), mm/slub.c.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "leak.h"
#include "places.h"

/* Of kmem_cache_free_bulk(): what RCU gives back at once fits in a page of pointers. */
#define BULK_MOST 512
/* An offset in an object, for a pointer never is so small (__is_kvfree_rcu_offset()). */
#define OFFSET_MOST 4096

struct kmem_cache {
	unsigned int size;
} __attribute__((preserve_access_index));

/* How many are followed by the hash of their address. */
#define SEEN_BITS 14

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u64);   /* address */
	__type(value, __u64); /* bytes, of all that this one stands for */
	__uint(max_entries, LEAK_FOLLOWED_MOST);
} followed SEC(".maps");

/* The reader's. */
volatile struct places places;
volatile __u32 drawn = LEAK_DRAWN_FIRST; /* of so many one; a power of two */

struct leak_counts counts;
__u32 seen[1 << SEEN_BITS];

static __always_inline __u32 *seen_at(__u64 at)
{
	return &seen[(at * 0x9e3779b97f4a7c15ull) >> (64 - SEEN_BITS)];
}

static __always_inline void gave(__u64 at)
{
	__u32 *number = seen_at(at);
	__u64 *bytes, n;

	if (!*number)
		return;
	bytes = bpf_map_lookup_elem(&followed, &at);
	if (!bytes)
		return;
	n = *bytes;
	/* Else another CPU was first. */
	if (bpf_map_delete_elem(&followed, &at))
		return;
	__sync_fetch_and_add(number, -1);
	__sync_fetch_and_sub(&counts.bytes, n);
}

static __always_inline int is_drawn(void)
{
	return !(bpf_get_prandom_u32() & (drawn - 1));
}

static __always_inline void took(__u64 at, __u64 bytes)
{
	__u32 of = drawn;

	if (!at)
		return;
	/* Its end was not seen. */
	gave(at);
	bytes *= of;
	__sync_fetch_and_add(&counts.allocations, of);
	if (bpf_map_update_elem(&followed, &at, &bytes, BPF_NOEXIST)) {
		__sync_fetch_and_add(&counts.unfollowed, 1);
		return;
	}
	__sync_fetch_and_add(seen_at(at), 1);
	__sync_fetch_and_add(&counts.bytes, bytes);
}

/* call_site, ptr, bytes_req, bytes_alloc, ... */
SEC("raw_tp/kmalloc")
int took_by_size(struct bpf_raw_tracepoint_args *ctx)
{
	if (is_drawn() && places_have(&places, ctx->args[0]))
		took(ctx->args[1], ctx->args[3]);
	return 0;
}

/* call_site, ptr, struct kmem_cache *, ... */
SEC("raw_tp/kmem_cache_alloc")
int took_of_cache(struct bpf_raw_tracepoint_args *ctx)
{
	const struct kmem_cache *cache = (const void *)ctx->args[2];

	if (is_drawn() && places_have(&places, ctx->args[0]))
		took(ctx->args[1], BPF_CORE_READ(cache, size));
	return 0;
}

/* call_site, ptr */
SEC("raw_tp/kfree")
int gave_by_size(struct bpf_raw_tracepoint_args *ctx)
{
	gave(ctx->args[1]);
	return 0;
}

/* call_site, ptr, ... */
SEC("raw_tp/kmem_cache_free")
int gave_of_cache(struct bpf_raw_tracepoint_args *ctx)
{
	gave(ctx->args[1]);
	return 0;
}

/*
 * No tracepoint tells of these, nor of what RCU gives back later. Their arguments are asked for: a
 * pointer to no structure is not handed over.
 */
SEC("fentry/kmem_cache_free_bulk")
int gave_many(void *ctx) /* cache, number, pointers */
{
	__u64 n = 0, pointers = 0, at;

	bpf_get_func_arg(ctx, 1, &n);
	bpf_get_func_arg(ctx, 2, &pointers);
	for (int i = 0; i < BULK_MOST; i++) {
		if (i >= n)
			break;
		if (!bpf_probe_read_kernel(&at, sizeof(at), (__u64 *)pointers + i))
			gave(at);
	}
	return 0;
}

/* The head and an offset (6.1), or the head and the pointer; without a head the pointer. */
SEC("fentry/kvfree_call_rcu")
int gave_to_rcu(void *ctx)
{
	__u64 head = 0, what = 0;

	bpf_get_func_arg(ctx, 0, &head);
	bpf_get_func_arg(ctx, 1, &what);
	gave(what < OFFSET_MOST ? head - what : what);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/latency_buckets.h"

#include <string.h>

uint64_t latency_bucket_low(size_t bucket)
{
	size_t doubling = bucket / LATENCY_SUB;
	uint64_t part = bucket % LATENCY_SUB;

	if (!doubling)
		return bucket;
	return (LATENCY_SUB + part) << (doubling - 1);
}

size_t latency_bucket(uint64_t ns)
{
	unsigned int bits;

	if (ns < LATENCY_SUB)
		return ns;
	bits = 63 - (unsigned int)__builtin_clzll(ns);
	if (bits >= LATENCY_BITS)
		return LATENCY_BUCKETS - 1;
	return (bits - LATENCY_SUB_BITS + 1) * LATENCY_SUB +
	       ((ns >> (bits - LATENCY_SUB_BITS)) & (LATENCY_SUB - 1));
}

const char *latency_class_name(size_t class)
{
	const char *name;

	if (class == LATENCY_ZERO)
		return "0";
	if (class == LATENCY_NEGATIVE)
		return "other negative";
	if (class == LATENCY_POSITIVE)
		return "positive";
	name = strerrorname_np((int)class);
	return name ? name : "unknown errno";
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the buckets of bpf/latency.h stand for. Pure. */
#ifndef SUTURE_PROBE_LATENCY_BUCKETS_H
#define SUTURE_PROBE_LATENCY_BUCKETS_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/latency.h"

/* The least nanoseconds of a bucket; of LATENCY_BUCKETS: what is above them all. */
uint64_t latency_bucket_low(size_t bucket);
/* The bucket of so many nanoseconds. */
size_t latency_bucket(uint64_t nanoseconds);

/* "0", "ENOENT", "other negative", "positive" */
const char *latency_class_name(size_t class);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What timing_code.S and timing.c share: offsets, in bytes. */
#ifndef SUTURE_HOTPATCH_TIMING_LAYOUT_H
#define SUTURE_HOTPATCH_TIMING_LAYOUT_H

/* The buckets of judge/histogram.h and bpf/latency.h. */
#define TIMING_SUB_BITS 3
#define TIMING_SUB 8
#define TIMING_BITS 41
#define TIMING_BUCKETS 313

/* Of one function: counters that are only added to. */
#define TIMING_ENTRIES 0
#define TIMING_UNSEEN 8
#define TIMING_NANOSECONDS 16
#define TIMING_COUNTED 24
#define TIMING_COUNTS (TIMING_COUNTED + 8 * TIMING_BUCKETS)

/* Of a call that has begun. */
#define TIMING_SLOT_RETURN 8
#define TIMING_SLOT_BEGAN 16
#define TIMING_SLOT_COUNTS 24
#define TIMING_SLOT_BITS 5
#define TIMING_SLOT 32

/* A call is looked for in so many slots, from that which the key's hash names. */
#define TIMING_SLOTS 1024
#define TIMING_PROBES 16
#define TIMING_HASH -1640531535

/* The data: nanoseconds in 2^32 cycles, the table, then the functions' counters. */
#define TIMING_RATE 0
#define TIMING_TABLE 64
#define TIMING_FUNCTIONS (TIMING_TABLE + TIMING_SLOT * (TIMING_SLOTS + TIMING_PROBES))

#endif

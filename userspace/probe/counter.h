/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting executions of places in the kernel: one BPF program, attached to a kprobe at each.
 * The kernel counts hits and misses of the kprobe by itself; a hit that BPF did not see (a
 * program was running on that CPU already) is a miss, too.
 */
#ifndef SUTURE_PROBE_COUNTER_H
#define SUTURE_PROBE_COUNTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct counters;

struct counter_value {
	uint64_t executions, missed; /* since the place was attached */
};

/* Room for n places. */
struct error *counters_open(size_t n, struct counters **out) __must_check;
/* Count at 'where' ("0xADDRESS" or "MODULE:SYMBOL") with counter i. */
struct error *counters_attach(struct counters *c, size_t i, const char *where) __must_check;
bool counters_attached(const struct counters *c, size_t i);
/* All zero if nothing is attached. */
struct error *counters_read(struct counters *c, size_t i, struct counter_value *out) __must_check;
void counters_close(struct counters **c);
#define __cleanup_counters __cleanup(counters_close)

#endif

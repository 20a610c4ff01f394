/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the classes of bpf/latency.h are called. Pure. */
#ifndef SUTURE_PROBE_LATENCY_CLASS_H
#define SUTURE_PROBE_LATENCY_CLASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/latency.h"

/* "0", "ENOENT", "other negative", "positive" */
const char *latency_class_name(size_t class);

/* How an integer of so many bytes lies in the register. */
enum latency_return latency_class_integer(uint64_t size, bool is_signed);

#endif

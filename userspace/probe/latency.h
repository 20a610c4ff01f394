/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watching one function of the running kernel: how often it is called, how long each call takes,
 * what it returns (bpf/latency.bpf.c). To be attached before a patch and kept, so that before and
 * after are measured in the same way.
 */
#ifndef SUTURE_PROBE_LATENCY_H
#define SUTURE_PROBE_LATENCY_H

#include <stdint.h>

#include "base/error.h"
#include "probe/latency_plan.h"

/* A function that was found in the running kernel. */
struct latency_function {
	const char *object; /* "vmlinux" or a module */
	const char *name;
	uint64_t address;
};

struct latency_options {
	unsigned int number;	   /* of this watch in this process: names its kprobes */
	unsigned int sample_every; /* take the time of one call in so many; 0: of each */
};

struct latency;

/* Needs root. What can't be attached is an error, and nothing is left. */
struct error *latency_attach(const struct latency_function *f, const struct latency_plan *plan,
			     const struct latency_options *options,
			     struct latency **out) __must_check;

struct latency_reading {
	struct latency_counts counts; /* since it was attached, of all CPUs */
	uint64_t missed; /* calls that a program did not see, at either end, as the kernel says */
};

/* From the next calls on the time of one call in so many is taken; not 0. */
void latency_sample(struct latency *l, unsigned int every);
/* Instructions of BPF that a call runs at most, at both ends together: the programs do not loop. */
struct error *latency_instructions(const struct latency *l, unsigned int *out) __must_check;
/*
 * What the programs took of the calls so far, while BPF's statistics were kept
 * (bpf_enable_stats()): nanoseconds, reading the clock for that included.
 */
struct error *latency_programs(const struct latency *l, double *out) __must_check;
struct error *latency_read(struct latency *l, struct latency_reading *out) __must_check;
void latency_detach(struct latency **l);
#define __cleanup_latency __cleanup(latency_detach)

#endif

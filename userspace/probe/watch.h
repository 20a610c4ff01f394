/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several functions of the running kernel under watch: found by name, each attached in the way that
 * its plan says, read together.
 */
#ifndef SUTURE_PROBE_WATCH_H
#define SUTURE_PROBE_WATCH_H

#include <stddef.h>

#include "probe/budget.h"
#include "probe/latency.h"

struct watch_function {
	const char *object; /* "vmlinux" or a module */
	const char *name;
	unsigned int sympos;	      /* 0: must be unique in its object */
	enum latency_return returned; /* where the kernel has no BTF for it; NONE: not known */
};

struct watch;

struct watch_options {
	unsigned int sample_every; /* take the time of one call in so many; 0: of each */
	bool only_kprobes;
};

/*
 * All of them, or none with an error that names the one. A function that takes no trampoline after
 * all gets a kprobe. The strings are copied.
 */
struct error *watch_open(const struct watch_function *f, size_t n,
			 const struct watch_options *options, struct watch **out) __must_check;
size_t watch_size(const struct watch *w);
const struct watch_function *watch_function_at(const struct watch *w, size_t i);
const struct latency_plan *watch_plan_at(const struct watch *w, size_t i);
struct error *watch_read(struct watch *w, size_t i, struct latency_reading *out) __must_check;

/* What watching one function costs, and how much of it is done. */
struct watch_sampling {
	struct probe_cost cost;	   /* .timed 0: it is not known */
	unsigned int sample_every; /* the time of one call in so many is taken */
	unsigned int instructions; /* of BPF, of a call, at most */
};

/* Of each function, as it was attached; the cost is not known. */
struct error *watch_sampling(struct watch *w, struct watch_sampling *each) __must_check;
/*
 * Calibrate (calibrate.h), look for 'trial' seconds at what is called, and keep the cost within
 * 'budget', a share of the functions' time (budget.h); 0: only find out. Every call must be
 * timed until then. When it fails each call goes on being timed.
 */
struct error *watch_keep_budget(struct watch *w, double budget, double trial,
				struct watch_sampling *each) __must_check;
void watch_close(struct watch **w);
#define __cleanup_watch __cleanup(watch_close)

#endif

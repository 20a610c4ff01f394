/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How to attach to a function whose time and returns are watched: from what the kernel has and can,
 * to a way. Pure.
 *
 * A pair of BPF trampoline programs is the cheapest by far, and knows by BTF what a function
 * returns. It finds its function by name only, needs the BTF of vmlinux or of the module, and on
 * 6.1 undoes a livepatch that is there already without a word (measured: the second trampoline
 * program on a patched function). So a function that is patched gets a kprobe and a kretprobe,
 * which follow livepatch's redirect as well: what is attached before the patch stays, and sees the
 * old code and then the new.
 */
#ifndef SUTURE_PROBE_LATENCY_PLAN_H
#define SUTURE_PROBE_LATENCY_PLAN_H

#include <stdbool.h>

#include "bpf/latency.h"

struct latency_facts {
	bool has_btf;		/* the function is in the BTF of its object */
	unsigned int namesakes; /* functions of all objects that have its name, itself included */
	bool patched;		/* a livepatch replaces it now */
	bool trampolines;	/* they are wanted, and nobody has seen one fail here */
	enum latency_return returned; /* by BTF; NONE without */
	enum latency_return told;     /* by who asks, of this very function; NONE: nobody knows */
};

enum latency_way {
	LATENCY_BY_TRAMPOLINE,
	LATENCY_BY_KPROBE,
	LATENCY_BY_STUB, /* in a process, by its patch: no probe of the kernel */
	LATENCY_WAYS
};

struct latency_plan {
	enum latency_way way;
	enum latency_return returned;
	const char *why; /* not the cheaper way; NULL: it is */
};

struct latency_plan latency_plan(const struct latency_facts *f);

/* "BPF trampoline", "kprobe", "stub in the process" */
const char *latency_way_name(enum latency_way way);

#endif

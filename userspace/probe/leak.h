/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many bytes some code of the running kernel holds: allocated from the slabs by a call in it,
 * and not yet given back by anybody (bpf/leak.bpf.c). What the code has others allocate for it, and
 * whole pages, are not counted. To be attached before a patch and kept, with the old code as its
 * places; the new code is added once it is there.
 */
#ifndef SUTURE_PROBE_LEAK_H
#define SUTURE_PROBE_LEAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bpf/places.h"

struct btf;
struct leak;

struct leak_reading {
	bool known;
	const char *why;     /* not known; a literal */
	int64_t bytes;	     /* since leak_open(); an estimate: a sample is followed */
	uint64_t unfollowed; /* allocations that were more than can be followed at once */
};

/* Where the kernel has not what it takes, nothing is known, and the readings say why. Needs root.
 */
struct error *leak_open(struct leak **out) __must_check;
/* From now on also this code. ERROR_REFUSED if that is more than PLACES_MOST places. */
struct error *leak_add(struct leak *l, const struct code_place *p, size_t n) __must_check;
/*
 * The code was called so often by now: follow so few of its allocations that only one call in 16
 * pays for one, for all calls are timed.
 */
void leak_pace(struct leak *l, uint64_t calls);
/* Nothing is known any more, for this reason, a literal. */
void leak_give_up(struct leak *l, const char *why);
void leak_read(const struct leak *l, struct leak_reading *out);
void leak_close(struct leak **l);
#define __cleanup_leak __cleanup(leak_close)

/* Of how many allocations one is followed where there were so many, in so many calls. Pure. */
uint32_t leak_drawn(uint64_t allocations, uint64_t calls);
/* Whether the tracepoints of allocations hand over what the programs take. Pure. */
bool leak_fits(const struct btf *vmlinux);

#endif

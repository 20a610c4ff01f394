/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a stopped thread is in code that must not change under it: its instruction pointer, and
 * every word of its stack that could be a return address. A scan can't miss a frame, but it can
 * see the trace of one that is gone; what it finds is settled by unwinding (unwind.h).
 *
 * A thread on an alternate signal stack has its own stack, too: it is found by what the signal
 * frame saved of it, and scanned from there. What hides a stack altogether (coroutines that are
 * not running, mangled jump buffers) is not seen.
 */
#ifndef SUTURE_HOTPATCH_STACK_H
#define SUTURE_HOTPATCH_STACK_H

#include "hotpatch/maps.h"
#include "hotpatch/stop.h"
#include "hotpatch/timing.h"

/* Code that nobody may be in: [start, end). */
struct stack_range {
	uint64_t start, end;
	const char *name;
};

struct stack_hit {
	pid_t tid;
	const struct stack_range *range; /* NULL: none */
	uint64_t address;		 /* in the range */
	bool running;			 /* the instruction pointer itself */
};

/* The first range that has the address; ranges are sorted by start, and do not overlap. */
const struct stack_range *stack_range_of(const struct stack_range *v, size_t n, uint64_t address);

/* The first word in n that lies in a range; NULL: none. Pure. */
const uint64_t *stack_scan(const uint64_t *words, size_t n, const struct stack_range *v,
			   size_t ranges);

/* What looking needs, made ready before the stop. */
struct stack_look {
	struct maps *maps; /* borrowed; may be older than the stop */
	int query;	   /* /proc/PID/maps, borrowed */
	uint64_t *words;
	size_t cap;
	/* Return addresses that are not on the stack; borrowed, NULL: there are none. */
	const struct timing_calls *calls;
};
#define STACK_LOOK_CLOSED   \
	{                   \
		.query = -1 \
	}
/* 'query': of maps_open(); 'threads': about so many. */
struct error *stack_look_open(int query, struct maps *maps, size_t threads,
			      struct stack_look *out) __must_check;
void stack_look_close(struct stack_look *l);
#define __cleanup_stack_look __cleanup(stack_look_close)

/*
 * A thread that is in one of the ranges; out->range is NULL if none is. Stacks are read many at a
 * time. Where it matters whether mappings were replaced since, they are asked for during the stop.
 */
struct error *stack_check(const struct stop *s, struct stack_look *l, const struct stack_range *v,
			  size_t n, struct stack_hit *out) __must_check;

#endif

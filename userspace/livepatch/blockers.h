/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tasks that a transition waits for, or that would keep one waiting: each thread of the system
 * with its kernel stack, and the function of the patch that it is in.
 *
 * A task is switched when none of the functions that change is on its stack, when it enters or
 * leaves the kernel, or when it is idle. So what pins a sleeping task is a function on its stack.
 * One that runs has no stack to look at: it pins itself until it sleeps elsewhere or leaves the
 * kernel.
 *
 * Knowledge: Documentation/livepatch/livepatch.rst ("Consistency model"), kernel/livepatch/
 * transition.c (klp_check_stack()), Documentation/filesystems/proc.rst (patch_state, stack).
 */
#ifndef SUTURE_LIVEPATCH_BLOCKERS_H
#define SUTURE_LIVEPATCH_BLOCKERS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/json.h"
#include "base/vec.h"

/* A function that changes. */
struct blocker_function {
	const char *object; /* "vmlinux" or a module: where the old code is; NULL: it pins nobody */
	const char *patch;  /* the livepatch that has new code of that name; or NULL */
	const char *name;
};

struct blocker {
	pid_t pid, tid;
	const char *comm;
	bool kernel_thread;
	char state;		 /* as in /proc/PID/stat: R runs or could, S, D, I, P sleep, ... */
	bool on_cpu;		 /* it is on a processor right now: no stack */
	int patch_state;	 /* -1: there is no transition */
	VEC(const char *) stack; /* innermost first: "NAME+0x10/0x20 [MODULE]" */
	const char *pinned;	 /* the innermost function that changes, on its stack; or NULL */
};

struct blockers {
	VEC(struct blocker) v;
	const char *source; /* "BPF task iterator" or "/proc" */
	size_t seen;	    /* tasks that were looked at */
	struct arena arena;
};

enum blockers_which {
	BLOCKERS_WAITING, /* tasks whose patch_state is not yet 'wanted' */
	BLOCKERS_PINNED,  /* tasks that have one of the functions on their stack */
};

struct blockers_query {
	enum blockers_which which;
	int wanted; /* of BLOCKERS_WAITING: 1 patched, 0 unpatched */
	const struct blocker_function *functions;
	size_t n;
	bool only_proc; /* do not try BPF */
};

/* Which tasks. Those that end while we look are left out. Needs root for the stacks. */
struct error *blockers_find(const struct blockers_query *q, struct blockers *out) __must_check;
void blockers_free(struct blockers *b);
#define __cleanup_blockers __cleanup(blockers_free)

/* Why it is not switched, a sentence: "sleeps in testbed_park, which the patch changes". Pure. */
struct error *blocker_reason(const struct blocker *b, struct strbuf *out) __must_check;
/* "testbed_parked (kernel thread 123)", "cat (task 12 of process 10)" */
struct error *blocker_name(const struct blocker *b, struct strbuf *out) __must_check;
/* An object: pid, tid, comm, state, function, reason, stack. */
void blocker_json(const struct blocker *b, struct json *j, const char *key);

/* The innermost entry of a stack that is one of the functions, or NULL. Pure. */
const char *blocker_pinned(const char *const *stack, size_t depth, const struct blocker_function *f,
			   size_t n);

#endif

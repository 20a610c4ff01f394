/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A proof (probe/proof.h) in a process of its own. Attaching, detaching and reading what ftrace has
 * waits inside the kernel for locks that others can hold for long, and no signal ends that: where
 * it takes too long the process is left to itself, and goes when the kernel lets it.
 */
#ifndef SUTURE_FLOW_PROBER_H
#define SUTURE_FLOW_PROBER_H

#include "probe/proof.h"

/* The proof of several functions: the worst of them stands for all. */
struct host_verdict {
	enum proof_state state; /* of the worst; not patched: none of its objects is loaded */
	size_t functions, absent, exercised;
	uint64_t new_calls, old_calls, missed;
	char trouble[256]; /* "FUNCTION: why"; "" */
	char direct[64];   /* a function that a BPF trampoline is attached to; "" */
};

struct prober;

/*
 * Attach to the old functions (proof_attach()) or, without 'count', to nothing (proof_look()).
 * An error of these is returned; ERROR_PENDING, here and below: the kernel does not come back.
 */
struct error *prober_start(const struct proof_function *f, size_t n, bool count,
			   struct prober **out) __must_check;
/* proof_attach_new() and proof_mark(). */
struct error *prober_mark(struct prober *p) __must_check;
/* All functions. *evidence gets an array of suture-verify/1 objects, unless it is NULL. */
struct error *prober_read(struct prober *p, struct host_verdict *out,
			  struct strbuf *evidence) __must_check;
/* Detach, and wait a moment for that. */
void prober_end(struct prober **p);
#define __cleanup_prober __cleanup(prober_end)

/* The same of a proof that is here. */
struct error *prober_sum(struct proof *p, struct host_verdict *out,
			 struct strbuf *evidence) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The proof that a redirect holds, of two kinds that are never mixed:
 *
 * structural: the old function's ftrace site, read from the running text, leads away, and
 *	the kernel names livepatch's handler as what is registered there;
 * exercised: BPF counts executions of the old body behind the redirect and entries of the
 *	new function, and no probe missed a hit.
 *
 * States: exercised (in place, called, the old body not once), in place (nobody called),
 * lost.
 */
#ifndef SUTURE_PROBE_PROOF_H
#define SUTURE_PROBE_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

enum proof_state { PROOF_NOT_PATCHED, PROOF_IN_PLACE, PROOF_EXERCISED, PROOF_LOST };

/* A function to watch. */
struct proof_function {
	const char *object;  /* "vmlinux" or a module */
	const char *name;    /* the old function */
	unsigned int sympos; /* 0: unique */
	const char
		*patch; /* the livepatch module, whose function of the same name is the new one */
};

struct proof_count {
	uint64_t old_body; /* executions behind the redirect since the probe was attached */
	uint64_t new_entry;
	uint64_t missed; /* hits that a probe missed: with any, a zero proves nothing */
};

struct proof_result {
	enum proof_state state;
	bool site_redirected; /* the running text at the ftrace site is a call that leads away */
	uint64_t site, destination;
	bool registered;	  /* tracefs names livepatch's handler for the function */
	struct proof_count count; /* since proof_mark() */
	const char *trouble;	  /* why lost, or what could not be read; NULL */
};

struct proof;

/* Attach before the patch is loaded, so that nothing changes later; needs root. */
struct error *proof_attach(const struct proof_function *f, size_t n,
			   struct proof **out) __must_check;
/* Begin a new phase: counts start at zero. */
struct error *proof_mark(struct proof *p) __must_check;
/* Attach to the new function once the patch module is loaded. */
struct error *proof_attach_new(struct proof *p) __must_check;
struct error *proof_read(struct proof *p, size_t i, struct proof_result *out) __must_check;
void proof_detach(struct proof **p);
#define __cleanup_proof __cleanup(proof_detach)

#endif

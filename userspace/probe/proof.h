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
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

enum proof_state { PROOF_NOT_PATCHED, PROOF_IN_PLACE, PROOF_EXERCISED, PROOF_LOST };

/* A function to watch. */
struct proof_function {
	const char *object;   /* "vmlinux" or a module */
	const char *name;     /* the old function */
	unsigned int sympos;  /* 0: unique */
	const char *patch;    /* the livepatch module */
	const char *new_name; /* the new function in it; NULL: the same name */
};

struct proof_count {
	/*
	 * Executions of the first instruction behind the redirect, since the mark. A loop back to
	 * it counts each time: a zero is exact, another number is an upper bound of the calls.
	 */
	uint64_t old_body;
	uint64_t new_entry;
	uint64_t missed; /* hits that a probe missed: with any, a zero proves nothing */
};

struct proof_result {
	enum proof_state state;
	bool present, enabled, transition; /* what sysfs says of the patch: a claim */
	bool site_known;		   /* the running text could be read */
	bool site_redirected; /* the text at the ftrace site is a call that leads away */
	uint64_t site, destination;
	const char *destination_name; /* "ftrace_trampoline+0x0 [...]", ""; never NULL */
	bool registered;	  /* ftrace names livepatch's handler, or a hook that redirects */
	bool direct;		  /* a BPF trampoline is attached to the function */
	struct proof_count count; /* since proof_mark() */
	const char *trouble;	  /* why lost, or what could not be known; or NULL */
	/* The strings live until the next proof_read() of this function. */
};

struct proof;

/*
 * Attach behind the site of each old function, best before the patch is loaded, so that
 * nothing changes later; needs root. Without the function, without a site, without a probe:
 * an error. What attaches to the new functions is proof_attach_new().
 */
struct error *proof_attach(const struct proof_function *f, size_t n,
			   struct proof **out) __must_check;
/*
 * The structural proof alone, for a look at any time: nothing is attached and nothing is counted,
 * so that no function is ever more than in place.
 */
struct error *proof_look(const struct proof_function *f, size_t n, struct proof **out) __must_check;
/* Begin a new phase: counts start at zero. Exercised can only be what was marked after the
 * transition: until then tasks may run the old body, rightly. */
struct error *proof_mark(struct proof *p) __must_check;
/*
 * Attach to the new functions once the patch module is loaded. Done again after the module was
 * loaded anew. What is attached already stays.
 */
struct error *proof_attach_new(struct proof *p) __must_check;
struct error *proof_read(struct proof *p, size_t i, struct proof_result *out) __must_check;
size_t proof_size(const struct proof *p);
const struct proof_function *proof_function_at(const struct proof *p, size_t i);
void proof_detach(struct proof **p);
#define __cleanup_proof __cleanup(proof_detach)

/* "exercised", "in place", "lost", "not patched" */
const char *proof_state_name(enum proof_state state);
/* One result as a JSON object (members: function, state, structural, counts, trouble). */
void proof_json(const struct proof_function *f, const struct proof_result *r, struct json *j);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Patches for processes, looked after: one that began since, or has mapped the file since, gets the
 * patch too; where it is lost, that is recorded and told. Processes are looked for when some began
 * since the last round, by the kernel's last process number, and every few seconds at any rate (a
 * library may be mapped later). Where welcome.h works, they get it before they run the code, and
 * the rounds only find what it can't; else a program runs unpatched until the next round.
 */
#ifndef SUTURE_FLOW_TEND_H
#define SUTURE_FLOW_TEND_H

#include "flow/host_state.h"
#include "flow/welcome.h"

struct tended {
	char *name, *digest;
	enum ledger_state state;
	uint64_t seq; /* of the event that the state is from */
	bool confirmed;
	uint64_t deadline; /* these three as in audit.h */
	const char *judged;
	uint64_t judged_seq;
	struct bundle *bundle; /* NULL: see .trouble */
	struct process_patch processes;
	struct process_counts counts; /* of the last look */
	bool known;		      /* there was one */
	char *trouble;		      /* why it could not be looked at; or NULL */
	double retry;		      /* when those that could not be patched are tried again */
	bool listed;
	bool superseded; /* by another that is listed: nobody gets it any more */
};

struct tending {
	VEC(struct tended) v;
	uint64_t last_pid;
	double looked;
	uint64_t patched; /* processes that got a patch here */
	uint64_t lost;	  /* times that one was found lost */
	struct welcome welcome;
};

/*
 * One round over the ledger's rows. An error is about this round only; that another suture is at
 * work is none.
 */
struct error *tend_round(struct tending *t, const struct host_request *r,
			 const struct ledger_patches *all, const char *boot_id) __must_check;
/* Those who came between the rounds (welcome.h): when its file is readable. */
struct error *tend_newcomers(struct tending *t, const struct host_request *r) __must_check;
void tending_free(struct tending *t);

#endif

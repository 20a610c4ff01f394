/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The states of a patch on a host, and the ways between them:
 *
 *	         staged ──▶ applying ──▶ live ──▶ proved ──▶ confirmed
 *	                     │ ▲ ▲        │         │          │
 *	                     │ │ └── lost ◀─────────┴──────────┤
 *	                     │ │                               ▼
 *	                     │ └──────── reverted ◀───────reverting ◀── live, proved, lost, ...
 *	                     ▼
 *	          failed, rolled back           removed (by others) ◀── whatever is in the kernel
 *
 * The table in state.c is the whole truth. "applying" and "reverting" are intents: they are
 * written before the kernel is touched, so that a manager killed anywhere is found out by whoever
 * looks next: no live manager, and one of these two states. "lost" says that the fix is not in
 * effect though it should be: the redirect was undone, or the host was booted since.
 *
 * Everything here is pure.
 */
#ifndef SUTURE_LEDGER_STATE_H
#define SUTURE_LEDGER_STATE_H

#include <stdbool.h>

#include "base/error.h"

enum ledger_state {
	LEDGER_NONE,	    /* the ledger does not know the patch; in a change: stays what it is */
	LEDGER_STAGED,	    /* its bundle is kept on the host; the kernel does not know it */
	LEDGER_APPLYING,    /* intent: the kernel may have it, whole or half, or not */
	LEDGER_LIVE,	    /* its transition is complete; the proof is pending */
	LEDGER_PROVED,	    /* the redirects are proved in place; nobody confirmed yet */
	LEDGER_CONFIRMED,   /* it stays, and is applied again at boot */
	LEDGER_REVERTING,   /* intent: the kernel may still have it, whole or half, or not */
	LEDGER_REVERTED,    /* taken back by suture, as asked */
	LEDGER_ROLLED_BACK, /* taken back unasked: by the guard, a deadline, an apply that failed */
	LEDGER_LOST,	    /* not in effect though it should be */
	LEDGER_REMOVED,	    /* gone from this boot's kernel, and not by suture */
	LEDGER_FAILED,	    /* could not be applied; the kernel does not have it */
	LEDGER_STATES
};

/* "rolled back"; "none" for LEDGER_NONE. */
const char *ledger_state_name(enum ledger_state s);
/* Whether there is a state of that name; "none" is none. */
bool ledger_state_parse(const char *name, enum ledger_state *out);

/* NULL if that way is open; else ERROR_REFUSED, which says what may follow instead. */
struct error *ledger_transition(enum ledger_state from, enum ledger_state to) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the ledger is what was written into it. The chain is computed anew from the first event
 * on; where it breaks, what is left tells what was done:
 *
 *	edited      an event's columns and its hash do not agree, or its successor knows another
 *	deleted     events are missing, whether or not those after them were numbered anew
 *	inserted    an event stands where another was written
 *	reordered   an event stands under another's number
 *	cut         the last event that is known of (from the table `head`, from a checkpoint) is
 *gone disagrees   a patch, a newest version or the schema is not what follows from the events
 *	damaged     SQLite itself can't make sense of the file
 *	other       it is not the ledger that the checkpoint is of, or forged up to there
 *
 * The first break is told. Who computes all hashes anew after an edit is found only by a checkpoint
 * that was made after the event; a tail that was cut off together with `head` only by one
 * that was made after the cut.
 */
#ifndef SUTURE_LEDGER_VERIFY_H
#define SUTURE_LEDGER_VERIFY_H

#include "ledger/checkpoint.h"
#include "ledger/ledger.h"

enum ledger_fault_kind {
	FAULT_NONE,
	FAULT_EDITED,
	FAULT_DELETED,
	FAULT_INSERTED,
	FAULT_REORDERED,
	FAULT_CUT,
	FAULT_DISAGREES,
	FAULT_DAMAGED,
	FAULT_OTHER
};

struct ledger_fault {
	enum ledger_fault_kind kind;
	uint64_t seq;	  /* the first event concerned; 0: none */
	const char *what; /* a sentence */
};

const char *ledger_fault_name(enum ledger_fault_kind k);

/* The events alone. Pure. */
struct error *ledger_check_chain(const struct ledger_events *events, struct arena *a,
				 struct ledger_fault *out) __must_check;

struct ledger_verdict {
	struct ledger_fault fault;
	uint64_t events;	      /* that were read */
	const char *gap;	      /* what was said where it was begun anew; or NULL */
	struct ledger_checkpoint end; /* of what was read; seq is 0 if nothing could be */
};

/*
 * All of it, with a checkpoint (or NULL). An error is only that it could not be found out;
 * a file that is no ledger is damaged.
 */
struct error *ledger_verify(const char *path, const struct ledger_checkpoint *known,
			    struct arena *a, struct ledger_verdict *out) __must_check;

#endif

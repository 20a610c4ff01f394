/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What follows from the events: every patch and the newest version of every fix. Pure. */
#ifndef SUTURE_LEDGER_REPLAY_H
#define SUTURE_LEDGER_REPLAY_H

#include "ledger/verify.h"

struct ledger_newest {
	const char *fix;
	uint64_t version, seq;
};
struct ledger_newests {
	struct ledger_newest *v;
	size_t n;
};

/*
 * From the first event on. An event that says another state before than the patch had, or a way
 * that the table does not allow, is a fault: suture never wrote it.
 */
struct error *replay_events(const struct ledger_events *events, struct arena *a,
			    struct ledger_patches *patches, struct ledger_newests *newests,
			    struct ledger_fault *fault) __must_check;

/* The first patch that is not as it should be, as a sentence; or NULL. Both are by name. */
struct error *replay_compare_patches(const struct ledger_patches *is,
				     const struct ledger_patches *should, struct arena *a,
				     struct ledger_fault *fault) __must_check;
struct error *replay_compare_newests(const struct ledger_newests *is,
				     const struct ledger_newests *should, struct arena *a,
				     struct ledger_fault *fault) __must_check;

#endif

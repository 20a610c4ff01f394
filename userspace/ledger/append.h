/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One event and what follows from it, inside of a transaction that somebody else began. */
#ifndef SUTURE_LEDGER_APPEND_H
#define SUTURE_LEDGER_APPEND_H

#include "ledger/database.h"

/* Waits for others; end it with ledger_append_end(). */
struct error *ledger_append_begin(struct ledger *l) __must_check;
struct error *ledger_append_event(struct ledger *l, const struct ledger_change *c,
				  uint64_t *seq) __must_check;
/* Commit, or, if there is an error, which it takes and returns, undo all since the beginning. */
struct error *ledger_append_end(struct ledger *l, struct error *e) __must_check;

#endif

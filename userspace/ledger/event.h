/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An event as columns: their order is that of the table `event`, and of the bytes that are hashed.
 *
 * The hash of an event is SHA-256 over "suture-ledger-event/1", a NUL, and for each column but
 * the hash itself: one byte, 'i', 't' or '-' (nothing is there); then eight bytes, big-endian: the
 * number, or the text's length, which the text follows. `prev` is one of the columns: so each
 * hash is over all the past.
 */
#ifndef SUTURE_LEDGER_EVENT_H
#define SUTURE_LEDGER_EVENT_H

#include <stddef.h>
#include <sqlite3.h>

#include "base/str.h"
#include "ledger/ledger.h"

#define EVENT_NO_PREV "0000000000000000000000000000000000000000000000000000000000000000"

/* "seq, time, ...": as SELECT and INSERT want them; "?, ?, ...". */
struct error *ledger_event_columns(struct strbuf *names, struct strbuf *marks) __must_check;

/* The hash of what is in e; e->hash is not looked at. */
struct error *ledger_event_hash(const struct ledger_event *e, struct digest *out) __must_check;

/* Bind all columns to the parameters 1.. of an INSERT. */
int ledger_event_bind(const struct ledger_event *e, sqlite3_stmt *s);
/* Read a row whose columns are ledger_event_columns(). What was never written sets .malformed. */
struct error *ledger_event_read(sqlite3_stmt *s, struct arena *a,
				struct ledger_event *out) __must_check;

/*
 * What follows from an event: p is changed to what the patch is after it. The event must be about
 * this patch. Pure; the only place that says what a patch's row is.
 */
void ledger_event_apply(const struct ledger_event *e, struct ledger_patch *p);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tables. `head` repeats the last event's number and hash, so that a tail that was cut off by
 * mistake is noticed at once. The triggers are no lock, they only keep an honest hand off.
 */
#include "ledger/schema.h"

const char *const ledger_schema[LEDGER_VERSION] = {
	"CREATE TABLE event(seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, uptime INTEGER NOT NULL,"
	" boot TEXT NOT NULL, actor TEXT NOT NULL, uid INTEGER NOT NULL, pid INTEGER NOT NULL,"
	" login TEXT, tty TEXT, verb TEXT NOT NULL, patch TEXT, before TEXT NOT NULL,"
	" after TEXT NOT NULL, bundle TEXT, path TEXT, module TEXT, fix TEXT,"
	" version INTEGER NOT NULL, deadline INTEGER NOT NULL, why TEXT, evidence TEXT,"
	" prev TEXT NOT NULL, hash TEXT NOT NULL);"
	"CREATE INDEX event_patch ON event(patch, seq);"
	"CREATE TABLE patch(name TEXT PRIMARY KEY, state TEXT NOT NULL,"
	" confirmed INTEGER NOT NULL, bundle TEXT, path TEXT, module TEXT, fix TEXT,"
	" version INTEGER NOT NULL, boot TEXT, deadline INTEGER NOT NULL, since INTEGER NOT NULL,"
	" seq INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE newest(fix TEXT PRIMARY KEY, version INTEGER NOT NULL,"
	" seq INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE head(one INTEGER PRIMARY KEY CHECK(one = 1), seq INTEGER NOT NULL,"
	" hash TEXT NOT NULL);"
	"CREATE TRIGGER event_kept BEFORE UPDATE ON event BEGIN"
	" SELECT RAISE(ABORT, 'events are never changed'); END;"
	"CREATE TRIGGER event_stays BEFORE DELETE ON event BEGIN"
	" SELECT RAISE(ABORT, 'events are never deleted'); END;",
};

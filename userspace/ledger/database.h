/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ledger's file as SQLite sees it: its settings, its schema, its errors in our words. */
#ifndef SUTURE_LEDGER_DATABASE_H
#define SUTURE_LEDGER_DATABASE_H

#include <sqlite3.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "ledger/ledger.h"

struct ledger {
	sqlite3 *db;
	char *path;
	dev_t device; /* of the file when it was opened: another may take its place */
	ino_t inode;
};

/* Open the file, which must be there, and see whether it is a ledger of our schema. */
struct error *database_open(const char *path, enum ledger_mode mode,
			    struct ledger **out) __must_check;
/* That the last event is the one that was written last. */
struct error *database_check_head(struct ledger *l) __must_check;
/*
 * Make a file with the schema and nothing in it, for filling before it is moved to its place: with
 * a rollback journal, so that it is one file when it is closed.
 */
struct error *database_make(const char *path, struct ledger **out) __must_check;

/* The error that SQLite ended with, by kind (ledger_open()). `doing` is "appending to". */
struct error *database_error(struct ledger *l, const char *doing) __must_check;

struct error *database_run(struct ledger *l, const char *sql, const char *doing) __must_check;
struct error *database_prepare(struct ledger *l, const char *sql, sqlite3_stmt **out) __must_check;
/* One row: true in *row; no more: false. */
struct error *database_step(struct ledger *l, sqlite3_stmt *s, bool *row) __must_check;

/* What differs in the tables and triggers from those of our schema: a sentence, or NULL. */
struct error *database_schema(struct ledger *l, struct arena *a, const char **differs) __must_check;

static inline void statement_end(sqlite3_stmt **s)
{
	sqlite3_finalize(*s);
	*s = NULL;
}
#define __cleanup_statement __cleanup(statement_end)

#endif

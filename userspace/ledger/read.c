// SPDX-License-Identifier: GPL-2.0-or-later
/* What the ledger says. Rows are read as they are; verify.h judges them. */
#include "base/vec.h"
#include "ledger/database.h"
#include "ledger/event.h"

#define PATCH_COLUMNS \
	"name, state, bundle, path, module, fix, boot, confirmed, version, deadline, since, seq"

static struct error *column_text(sqlite3_stmt *s, int i, struct arena *a, const char **out)
{
	const char *text = (const char *)sqlite3_column_text(s, i);

	*out = text ? arena_strdup(a, text) : NULL;
	return text && !*out ? error_nomem() : NULL;
}

static struct error *read_row(struct ledger *l, sqlite3_stmt *s, struct arena *a,
			      struct ledger_patch *out)
{
	struct ledger_patch p = { 0 };
	const char *state;
	const char **texts[] = { &p.name, &state, &p.bundle, &p.path, &p.module, &p.fix, &p.boot };

	for (int i = 0; i < (int)ARRAY_SIZE(texts); i++)
		TRY(column_text(s, i, a, texts[i]));
	if (!p.name || !state || !ledger_state_parse(state, &p.state))
		return error_new(ERROR_VERIFY, "%s: a patch has the state '%s', which there is not",
				 l->path, state ? state : "");
	p.confirmed = sqlite3_column_int64(s, 7) != 0;
	p.version = (uint64_t)sqlite3_column_int64(s, 8);
	p.deadline = (uint64_t)sqlite3_column_int64(s, 9);
	p.since = sqlite3_column_int64(s, 10);
	p.seq = (uint64_t)sqlite3_column_int64(s, 11);
	*out = p;
	return NULL;
}

struct error *ledger_patch(struct ledger *l, const char *name, struct arena *a,
			   const struct ledger_patch **out)
{
	sqlite3_stmt *s __cleanup_statement = NULL;
	struct ledger_patch *p;
	bool row = false;

	TRY(database_prepare(l, "SELECT " PATCH_COLUMNS " FROM patch WHERE name = ?", &s));
	if (sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC) != SQLITE_OK)
		return database_error(l, "reading");
	TRY(database_step(l, s, &row));
	*out = NULL;
	if (!row)
		return NULL;
	p = arena_new(a, struct ledger_patch);
	if (!p)
		return error_nomem();
	TRY(read_row(l, s, a, p));
	*out = p;
	return NULL;
}

struct error *ledger_patches(struct ledger *l, struct arena *a, struct ledger_patches *out)
{
	sqlite3_stmt *s __cleanup_statement = NULL;
	VEC(struct ledger_patch) found = { 0 };
	struct error *e;
	bool row = false;

	TRY(database_prepare(l, "SELECT " PATCH_COLUMNS " FROM patch ORDER BY name", &s));
	while (!(e = database_step(l, s, &row)) && row) {
		struct ledger_patch p;

		e = read_row(l, s, a, &p);
		if (e || (e = vec_push(&found, p)))
			break;
	}
	out->v = NULL;
	if (!e && found.n && !(out->v = arena_dup(a, found.v, found.n * sizeof(*found.v))))
		e = error_nomem();
	out->n = e ? 0 : found.n;
	vec_free(&found);
	return e;
}

static struct error *prepare_events(struct ledger *l, const struct ledger_filter *f,
				    sqlite3_stmt **out)
{
	struct strbuf names __cleanup_strbuf = { 0 }, marks __cleanup_strbuf = { 0 };
	char *sql __free = NULL;
	int status;

	TRY(ledger_event_columns(&names, &marks));
	sql = str_printf("SELECT * FROM (SELECT %s FROM event WHERE (?1 IS NULL OR patch = ?1) AND "
			 "time >= ?2 ORDER BY seq DESC LIMIT ?3) ORDER BY seq",
			 strbuf_str(&names));
	if (!sql)
		return error_nomem();
	TRY(database_prepare(l, sql, out));
	status = sqlite3_bind_text(*out, 1, f->patch, -1, SQLITE_STATIC);
	if (status == SQLITE_OK)
		status = sqlite3_bind_int64(*out, 2, f->since ? f->since : INT64_MIN);
	if (status == SQLITE_OK)
		status = sqlite3_bind_int64(*out, 3, f->last ? (sqlite3_int64)f->last : -1);
	return status == SQLITE_OK ? NULL : database_error(l, "reading");
}

struct error *ledger_events(struct ledger *l, const struct ledger_filter *f, struct arena *a,
			    struct ledger_events *out)
{
	sqlite3_stmt *s __cleanup_statement = NULL;
	VEC(struct ledger_event) found = { 0 };
	struct error *e;
	bool row = false;

	TRY(prepare_events(l, f, &s));
	while (!(e = database_step(l, s, &row)) && row) {
		struct ledger_event event;

		e = ledger_event_read(s, a, &event);
		if (e || (e = vec_push(&found, event)))
			break;
	}
	out->v = NULL;
	if (!e && found.n && !(out->v = arena_dup(a, found.v, found.n * sizeof(*found.v))))
		e = error_nomem();
	out->n = e ? 0 : found.n;
	vec_free(&found);
	return e;
}

struct error *ledger_newest(struct ledger *l, const char *fix, uint64_t *version)
{
	sqlite3_stmt *s __cleanup_statement = NULL;
	bool row = false;

	TRY(database_prepare(l, "SELECT version FROM newest WHERE fix = ?", &s));
	if (sqlite3_bind_text(s, 1, fix, -1, SQLITE_STATIC) != SQLITE_OK)
		return database_error(l, "reading");
	TRY(database_step(l, s, &row));
	*version = row ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Appending: the event, the patch's row, the newest version, the head; all of it or nothing. */
#include "ledger/append.h"

#include <errno.h>

#include "base/json_read.h"
#include "base/str.h"
#include "ledger/event.h"
#include "ledger/stamp.h"

struct error *ledger_append_begin(struct ledger *l)
{
	return database_run(l, "BEGIN IMMEDIATE", "appending to");
}

struct error *ledger_append_end(struct ledger *l, struct error *e)
{
	if (!e)
		e = database_run(l, "COMMIT", "appending to");
	/* After some errors SQLite has rolled back by itself. */
	if (e && !sqlite3_get_autocommit(l->db))
		sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
	return e;
}

static bool is_digest(const char *s)
{
	return strlen(s) == 2 * DIGEST_BYTES && strspn(s, "0123456789abcdef") == 2 * DIGEST_BYTES;
}

static struct error *check_change(const struct ledger_change *c, struct arena *a)
{
	const struct json_value *root;

	if (!c->verb || !*c->verb || (c->patch && !*c->patch))
		return error_refused("an event needs a verb, and a patch that has a name");
	if (!c->patch && (c->to || c->bundle || c->path || c->module || c->deadline))
		return error_refused("an event without a patch can't say anything of one");
	if (c->version && !c->fix)
		return error_refused("a version is of a fix, which is not named");
	if (c->version > INT64_MAX || c->deadline > INT64_MAX)
		return error_refused("a version or a deadline is beyond 2^63");
	if (c->bundle && !is_digest(c->bundle))
		return error_refused("'%s' is no digest of a bundle", c->bundle);
	return c->evidence ? error_context(json_parse(c->evidence, strlen(c->evidence), a, &root),
					   "the evidence")
			   : NULL;
}

/* The file that was opened is still the one at its path. */
static struct error *check_place(struct ledger *l)
{
	struct stat st;

	if (!stat(l->path, &st) && st.st_dev == l->device && st.st_ino == l->inode)
		return NULL;
	return error_advise(
		error_failed("appending to %s: the file was replaced or removed since it "
			     "was opened",
			     l->path),
		"open it again");
}

static struct error *read_head(struct ledger *l, struct arena *a, uint64_t *seq, const char **hash)
{
	sqlite3_stmt *s __cleanup_statement = NULL;
	bool row = false;

	TRY(database_prepare(l, "SELECT seq, hash FROM head", &s));
	TRY(database_step(l, s, &row));
	*seq = row ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
	*hash = row ? arena_strdup(a, (const char *)sqlite3_column_text(s, 1)) : EVENT_NO_PREV;
	return *hash ? NULL : error_nomem();
}

/* What the patch is now; its row must be what its last event says. */
static struct error *read_patch(struct ledger *l, const char *name, struct arena *a,
				struct ledger_patch *out)
{
	static const struct ledger_patch unknown = { .state = LEDGER_NONE };
	const struct ledger_patch *row = NULL;
	sqlite3_stmt *s __cleanup_statement = NULL;
	const char *said;
	bool found = false;

	TRY(ledger_patch(l, name, a, &row));
	TRY(database_prepare(l, "SELECT after FROM event WHERE patch = ? ORDER BY seq DESC LIMIT 1",
			     &s));
	sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
	TRY(database_step(l, s, &found));
	said = found ? (const char *)sqlite3_column_text(s, 0) : "none";
	if (!said || !str_equal(said, ledger_state_name(row ? row->state : LEDGER_NONE)))
		return error_advise(error_new(ERROR_VERIFY,
					      "%s: the state of %s is not what its last event says",
					      l->path, name),
				    "suture log verify tells more");
	*out = row ? *row : unknown;
	return NULL;
}

static struct error *write_event(struct ledger *l, const struct ledger_event *e)
{
	struct strbuf names __cleanup_strbuf = { 0 }, marks __cleanup_strbuf = { 0 };
	sqlite3_stmt *s __cleanup_statement = NULL;
	char *sql __free = NULL;
	bool row = false;

	TRY(ledger_event_columns(&names, &marks));
	sql = str_printf("INSERT INTO event(%s) VALUES(%s)", strbuf_str(&names),
			 strbuf_str(&marks));
	if (!sql)
		return error_nomem();
	TRY(database_prepare(l, sql, &s));
	if (ledger_event_bind(e, s) != SQLITE_OK)
		return database_error(l, "appending to");
	return database_step(l, s, &row);
}

static struct error *write_patch(struct ledger *l, const struct ledger_patch *p)
{
	const char *texts[] = {
		p->name, ledger_state_name(p->state), p->bundle, p->path, p->module, p->fix, p->boot
	};
	const int64_t numbers[] = { p->confirmed, (int64_t)p->version, (int64_t)p->deadline,
				    p->since, (int64_t)p->seq };
	sqlite3_stmt *s __cleanup_statement = NULL;
	int status = SQLITE_OK, at = 0;
	bool row = false;

	TRY(database_prepare(l,
			     "INSERT OR REPLACE INTO patch(name, state, bundle, path, module, fix, "
			     "boot, confirmed, version, deadline, since, seq) "
			     "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			     &s));
	for (size_t i = 0; i < ARRAY_SIZE(texts) && status == SQLITE_OK; i++)
		status = sqlite3_bind_text(s, ++at, texts[i], -1, SQLITE_STATIC);
	for (size_t i = 0; i < ARRAY_SIZE(numbers) && status == SQLITE_OK; i++)
		status = sqlite3_bind_int64(s, ++at, numbers[i]);
	if (status != SQLITE_OK)
		return database_error(l, "appending to");
	return database_step(l, s, &row);
}

/* The newest version of a fix only rises. */
static struct error *write_seen(struct ledger *l, const struct ledger_event *e)
{
	sqlite3_stmt *s __cleanup_statement = NULL;
	bool row = false;

	TRY(database_prepare(
		l,
		"INSERT INTO newest(fix, version, seq) VALUES(?, ?, ?) ON CONFLICT(fix) "
		"DO UPDATE SET version = excluded.version, seq = excluded.seq "
		"WHERE excluded.version > newest.version",
		&s));
	if (sqlite3_bind_text(s, 1, e->fix, -1, SQLITE_STATIC) != SQLITE_OK ||
	    sqlite3_bind_int64(s, 2, (sqlite3_int64)e->version) != SQLITE_OK ||
	    sqlite3_bind_int64(s, 3, (sqlite3_int64)e->seq) != SQLITE_OK)
		return database_error(l, "appending to");
	return database_step(l, s, &row);
}

static struct error *write_head(struct ledger *l, const struct ledger_event *e)
{
	sqlite3_stmt *s __cleanup_statement = NULL;
	bool row = false;

	TRY(database_prepare(l, "INSERT OR REPLACE INTO head(one, seq, hash) VALUES(1, ?, ?)", &s));
	if (sqlite3_bind_int64(s, 1, (sqlite3_int64)e->seq) != SQLITE_OK ||
	    sqlite3_bind_text(s, 2, e->hash, -1, SQLITE_STATIC) != SQLITE_OK)
		return database_error(l, "appending to");
	return database_step(l, s, &row);
}

static struct ledger_event from_change(const struct ledger_change *c)
{
	return (struct ledger_event){ .actor = c->actor,
				      .verb = c->verb,
				      .patch = c->patch,
				      .bundle = c->bundle,
				      .path = c->path,
				      .module = c->module,
				      .fix = c->fix,
				      .version = c->version,
				      .deadline = c->deadline,
				      .why = c->why,
				      .evidence = c->evidence };
}

/* The states on both sides, and the patch as it will be. */
static struct error *plan(struct ledger *l, const struct ledger_change *c, struct arena *a,
			  struct ledger_event *e, struct ledger_patch *p)
{
	if (!c->patch)
		return NULL;
	TRY(read_patch(l, c->patch, a, p));
	if (c->to)
		TRY_CONTEXT(ledger_transition(p->state, c->to), "%s", c->patch);
	e->before = p->state;
	e->after = c->to ? c->to : p->state;
	ledger_event_apply(e, p);
	return NULL;
}

static struct error *append(struct ledger *l, const struct ledger_change *c, struct arena *a,
			    uint64_t *seq)
{
	struct ledger_event e = from_change(c);
	struct ledger_patch p = { 0 };
	struct digest d;

	TRY(check_change(c, a));
	TRY(check_place(l));
	TRY(read_head(l, a, &e.seq, &e.prev));
	e.seq++;
	TRY(ledger_stamp_event(&e, a));
	TRY(plan(l, c, a, &e, &p));
	TRY(ledger_event_hash(&e, &d));
	e.hash = d.hex;
	TRY(write_event(l, &e));
	if (p.state)
		TRY(write_patch(l, &p));
	if (e.version)
		TRY(write_seen(l, &e));
	TRY(write_head(l, &e));
	if (seq)
		*seq = e.seq;
	return NULL;
}

struct error *ledger_append_event(struct ledger *l, const struct ledger_change *c, uint64_t *seq)
{
	struct arena a = { 0 };
	struct error *e = append(l, c, &a, seq);

	arena_free(&a);
	return e;
}

struct error *ledger_append(struct ledger *l, const struct ledger_change *c, uint64_t *seq)
{
	uint64_t got = 0;

	TRY(ledger_append_begin(l));
	TRY(ledger_append_end(l, ledger_append_event(l, c, &got)));
	if (seq)
		*seq = got;
	return NULL;
}

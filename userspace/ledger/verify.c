// SPDX-License-Identifier: GPL-2.0-or-later
/* The whole file, in one reading: SQLite's own check, the schema, the chain, what follows from it.
 */
#include "ledger/verify.h"

#include <time.h>

#include "base/vec.h"
#include "ledger/database.h"
#include "ledger/replay.h"

const char *ledger_fault_name(enum ledger_fault_kind k)
{
	static const char *const names[] = {
		[FAULT_NONE] = "none",		 [FAULT_EDITED] = "edited",
		[FAULT_DELETED] = "deleted",	 [FAULT_INSERTED] = "inserted",
		[FAULT_REORDERED] = "reordered", [FAULT_CUT] = "cut",
		[FAULT_DISAGREES] = "disagrees", [FAULT_DAMAGED] = "damaged",
		[FAULT_OTHER] = "other",
	};

	return names[k];
}

static struct error *found(struct ledger_fault *fault, enum ledger_fault_kind kind, uint64_t seq,
			   const char *what)
{
	if (!what)
		return error_nomem();
	*fault = (struct ledger_fault){ kind, seq, what };
	return NULL;
}

static struct error *check_pages(struct ledger *l, struct arena *a, struct ledger_fault *fault)
{
	sqlite3_stmt *s __cleanup_statement = NULL;
	const char *said;
	bool row = false;

	TRY(database_prepare(l, "PRAGMA integrity_check(1)", &s));
	TRY(database_step(l, s, &row));
	said = row ? (const char *)sqlite3_column_text(s, 0) : NULL;
	if (said && str_equal(said, "ok"))
		return NULL;
	return found(
		fault, FAULT_DAMAGED, 0,
		arena_printf(a, "the file is damaged: %s", said ? said : "SQLite says nothing"));
}

static struct error *check_schema(struct ledger *l, struct arena *a, struct ledger_fault *fault)
{
	const char *differs = NULL;

	TRY(database_schema(l, a, &differs));
	return differs ? found(fault, FAULT_DISAGREES, 0, differs) : NULL;
}

/* Against what the file itself, and then a checkpoint, says of the end. */
static struct error *check_end(const struct ledger_events *events, uint64_t seq, const char *hash,
			       const char *who, struct arena *a, struct ledger_fault *fault)
{
	if (seq > events->n)
		return found(
			fault, FAULT_CUT, events->n + 1,
			arena_printf(a,
				     "the end is cut off: %s knows event %llu, the last one here "
				     "is %zu",
				     who, (unsigned long long)seq, events->n));
	if (seq && hash && str_equal(events->v[seq - 1].hash, hash))
		return NULL;
	return found(fault, FAULT_OTHER, seq,
		     arena_printf(a,
				  "event %llu is not the one that %s knows: it, or any before it, "
				  "was forged",
				  (unsigned long long)seq, who));
}

static struct error *check_head(struct ledger *l, const struct ledger_events *events,
				struct arena *a, struct ledger_fault *fault)
{
	sqlite3_stmt *s __cleanup_statement = NULL;
	uint64_t seq;
	bool row = false;

	TRY(database_prepare(l, "SELECT seq, hash FROM head", &s));
	TRY(database_step(l, s, &row));
	seq = row ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
	if (seq < events->n)
		return found(
			fault, FAULT_INSERTED, seq + 1,
			arena_printf(a,
				     "event %llu was added behind the ledger's back: it was not "
				     "written last",
				     (unsigned long long)seq + 1));
	return check_end(events, seq, (const char *)sqlite3_column_text(s, 1), "the table 'head'",
			 a, fault);
}

static struct error *check_checkpoint(const struct ledger_checkpoint *known,
				      const struct ledger_events *events, struct arena *a,
				      struct ledger_fault *fault)
{
	if (!str_equal(known->chain, events->v[0].hash))
		return found(fault, FAULT_OTHER, 1,
			     arena_printf(a,
					  "the checkpoint is of another ledger: this one was begun "
					  "anew or put in its place"));
	return check_end(events, known->seq, known->hash, "the checkpoint", a, fault);
}

static struct error *read_newests(struct ledger *l, struct arena *a, struct ledger_newests *out)
{
	sqlite3_stmt *s __cleanup_statement = NULL;
	VEC(struct ledger_newest) rows = { 0 };
	struct error *e;
	bool row = false;

	TRY(database_prepare(l, "SELECT fix, version, seq FROM newest ORDER BY fix", &s));
	while (!(e = database_step(l, s, &row)) && row) {
		const char *fix = (const char *)sqlite3_column_text(s, 0);
		struct ledger_newest n = { arena_strdup(a, fix ? fix : ""),
					   (uint64_t)sqlite3_column_int64(s, 1),
					   (uint64_t)sqlite3_column_int64(s, 2) };

		e = n.fix ? vec_push(&rows, n) : error_nomem();
		if (e)
			break;
	}
	out->v = e ? NULL : arena_dup(a, rows.v, rows.n * sizeof(*rows.v));
	out->n = rows.n;
	vec_free(&rows);
	return e ? e : out->v ? NULL : error_nomem();
}

static struct error *check_replay(struct ledger *l, const struct ledger_events *events,
				  struct arena *a, struct ledger_fault *fault)
{
	struct ledger_patches patches = { 0 }, rows = { 0 };
	struct ledger_newests newests = { 0 }, seen = { 0 };

	TRY(replay_events(events, a, &patches, &newests, fault));
	if (fault->kind)
		return NULL;
	TRY(ledger_patches(l, a, &rows));
	TRY(replay_compare_patches(&rows, &patches, a, fault));
	if (fault->kind)
		return NULL;
	TRY(read_newests(l, a, &seen));
	return replay_compare_newests(&seen, &newests, a, fault);
}

static void set_end(const struct ledger_events *events, struct ledger_verdict *out)
{
	struct ledger_checkpoint *end = &out->end;

	out->events = events->n;
	if (str_equal(events->v[0].verb, "gap"))
		out->gap = events->v[0].why ? events->v[0].why : "";
	end->seq = events->v[events->n - 1].seq;
	end->time = (int64_t)time(NULL);
	snprintf(end->chain, sizeof(end->chain), "%s", events->v[0].hash);
	snprintf(end->hash, sizeof(end->hash), "%s", events->v[events->n - 1].hash);
}

/* Each check only where all before it found nothing. */
static struct error *check_all(struct ledger *l, const struct ledger_checkpoint *known,
			       struct arena *a, struct ledger_verdict *out)
{
	struct ledger_fault *fault = &out->fault;
	struct ledger_events events = { 0 };

	TRY(check_pages(l, a, fault));
	if (!fault->kind)
		TRY(ledger_events(l, &(struct ledger_filter){ 0 }, a, &events));
	if (!fault->kind && !events.n)
		TRY(found(fault, FAULT_CUT, 1, arena_printf(a, "there is no event at all")));
	if (!fault->kind)
		TRY(ledger_check_chain(&events, a, fault));
	if (!fault->kind)
		set_end(&events, out);
	if (!fault->kind && known)
		TRY(check_checkpoint(known, &events, a, fault));
	if (!fault->kind)
		TRY(check_head(l, &events, a, fault));
	if (!fault->kind)
		TRY(check_replay(l, &events, a, fault));
	if (!fault->kind)
		TRY(check_schema(l, a, fault));
	return NULL;
}

static struct error *verify(const char *path, const struct ledger_checkpoint *known,
			    struct arena *a, struct ledger_verdict *out)
{
	struct ledger *l __cleanup_ledger = NULL;

	TRY(database_open(path, LEDGER_READ, &l));
	/* One reading: what others append meanwhile is not seen. */
	TRY(database_run(l, "BEGIN", "reading"));
	return check_all(l, known, a, out);
}

struct error *ledger_verify(const char *path, const struct ledger_checkpoint *known,
			    struct arena *a, struct ledger_verdict *out)
{
	struct error *e;

	*out = (struct ledger_verdict){ 0 };
	e = verify(path, known, a, out);
	if (e && error_kind(e) == ERROR_VERIFY) {
		const char *what = arena_strdup(a, error_message(e));

		error_free(&e);
		return found(&out->fault, FAULT_DAMAGED, 0, what);
	}
	return e;
}

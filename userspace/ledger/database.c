// SPDX-License-Identifier: GPL-2.0-or-later
/* SQLite with the settings that a ledger needs (sqlite.org: wal, pragma, rescode). */
#include "ledger/database.h"

#include <errno.h>
#include <limits.h>

#include "base/file.h"
#include "ledger/schema.h"

#define PATIENCE_MS 10000 /* that others may hold it */

/* The errno behind an error, also where it is known to the -wal file only; or 0. */
static int find_cause(struct ledger *l)
{
	int cause = sqlite3_system_errno(l->db);
	sqlite3_file *wal = NULL;

	if (!cause)
		sqlite3_file_control(l->db, "main", SQLITE_FCNTL_LAST_ERRNO, &cause);
	if (!cause)
		sqlite3_file_control(l->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, (void *)&wal);
	if (wal && wal->pMethods)
		wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &cause);
	return cause;
}

struct error *database_error(struct ledger *l, const char *doing)
{
	int code = sqlite3_extended_errcode(l->db), cause;
	const char *said = sqlite3_errmsg(l->db);

	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_advise(error_failed("%s %s: another process held it for %d s", doing,
						 l->path, PATIENCE_MS / 1000),
				    "fuser -v %s names it", l->path);
	case SQLITE_FULL:
		return error_advise(error_failed("%s %s: the disk is full", doing, l->path),
				    "nothing was recorded; make room and try again");
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
	case SQLITE_FORMAT:
		return error_new(ERROR_VERIFY, "%s %s: the file is damaged: %s", doing, l->path,
				 said);
	case SQLITE_READONLY:
		return error_failed("%s %s: the file, its folder or the file system is read-only",
				    doing, l->path);
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
		cause = find_cause(l);
		if (cause)
			return error_errno(cause, "%s %s: %s", doing, l->path, said);
		break;
	case SQLITE_NOMEM:
		return error_nomem();
	}
	return error_failed("%s %s: %s", doing, l->path, said);
}

struct error *database_run(struct ledger *l, const char *sql, const char *doing)
{
	return sqlite3_exec(l->db, sql, NULL, NULL, NULL) == SQLITE_OK ? NULL
								       : database_error(l, doing);
}

struct error *database_prepare(struct ledger *l, const char *sql, sqlite3_stmt **out)
{
	return sqlite3_prepare_v2(l->db, sql, -1, out, NULL) == SQLITE_OK
		       ? NULL
		       : database_error(l, "reading");
}

struct error *database_step(struct ledger *l, sqlite3_stmt *s, bool *row)
{
	int status = sqlite3_step(s);

	if (status != SQLITE_ROW && status != SQLITE_DONE)
		return database_error(l, sqlite3_stmt_readonly(s) ? "reading" : "writing to");
	*row = status == SQLITE_ROW;
	return NULL;
}

static struct error *read_number(struct ledger *l, const char *sql, int64_t *out)
{
	sqlite3_stmt *s __cleanup_statement = NULL;
	bool row = false;

	TRY(database_prepare(l, sql, &s));
	TRY(database_step(l, s, &row));
	*out = row ? sqlite3_column_int64(s, 0) : 0;
	return NULL;
}

/* PRAGMA user_version, of a file that is a ledger. */
static struct error *read_version(struct ledger *l, int64_t *version)
{
	int64_t application;

	TRY(read_number(l, "PRAGMA application_id", &application));
	TRY(read_number(l, "PRAGMA user_version", version));
	if (application != LEDGER_APPLICATION || *version < 1)
		return error_new(ERROR_VERIFY, "%s is no ledger of suture", l->path);
	if (*version <= LEDGER_VERSION)
		return NULL;
	return error_advise(error_refused("%s was written by a newer suture (schema %lld; this one "
					  "knows %d)",
					  l->path, (long long)*version, LEDGER_VERSION),
			    "use that suture, or a newer one");
}

static struct error *run_schema(struct ledger *l, int64_t from)
{
	char *stamp __free = str_printf("PRAGMA application_id = %d; PRAGMA user_version = %d",
					LEDGER_APPLICATION, LEDGER_VERSION);

	if (!stamp)
		return error_nomem();
	for (int64_t i = from; i < LEDGER_VERSION; i++)
		TRY(database_run(l, ledger_schema[i], "making the tables of"));
	return database_run(l, stamp, "making the tables of");
}

/* Another process may have been quicker: the version is read again under the lock. */
static struct error *migrate(struct ledger *l)
{
	struct error *e;
	int64_t version;

	TRY(database_run(l, "BEGIN IMMEDIATE", "migrating"));
	e = read_version(l, &version);
	if (!e)
		e = run_schema(l, version);
	if (!e)
		e = database_run(l, "COMMIT", "migrating");
	if (e)
		sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
	return e;
}

/* The last event is the one that the head names. */
struct error *database_check_head(struct ledger *l)
{
	sqlite3_stmt *s __cleanup_statement = NULL;
	bool row = false;

	TRY(database_prepare(l,
			     "SELECT head.seq FROM head, (SELECT seq, hash FROM event ORDER BY seq "
			     "DESC LIMIT 1) AS last WHERE head.seq = last.seq AND "
			     "head.hash = last.hash",
			     &s));
	TRY(database_step(l, s, &row));
	return row ? NULL
		   : error_advise(error_new(ERROR_VERIFY,
					    "%s: its last event is not the one that was "
					    "written last",
					    l->path),
				  "suture log verify tells more");
}

static struct error *settle(struct ledger *l, enum ledger_mode mode)
{
	int64_t version;

	TRY(read_version(l, &version));
	if (mode == LEDGER_WRITE) {
		TRY(database_run(l, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL",
				 "opening"));
		if (version < LEDGER_VERSION)
			TRY(migrate(l));
	} else if (version < LEDGER_VERSION) {
		return error_refused("%s is of an older suture and was not opened for writing yet",
				     l->path);
	}
	return NULL;
}

static struct error *connect_to(const char *path, int flags, const char *query, struct ledger **out)
{
	struct ledger *l __cleanup_ledger = calloc(1, sizeof(*l));
	char *uri __free = NULL;

	if (!l || !(l->path = strdup(path)))
		return error_nomem();
	/* A URI only where it says something: a path may hold any character. */
	if (*query && !(uri = str_printf("file:%s?%s", path, query)))
		return error_nomem();
	if (sqlite3_open_v2(uri ? uri : path, &l->db, flags | (uri ? SQLITE_OPEN_URI : 0), NULL) !=
	    SQLITE_OK)
		return l->db ? database_error(l, "opening") : error_nomem();
	sqlite3_extended_result_codes(l->db, 1);
	sqlite3_busy_timeout(l->db, PATIENCE_MS);
	sqlite3_db_config(l->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	*out = take(l);
	return NULL;
}

/* Where nobody can write, not even SQLite its -shm file: the file as it is. */
static bool is_read_only(const char *path)
{
	return access(path, W_OK) && errno == EROFS && !strpbrk(path, "?#%");
}

struct error *database_open(const char *path, enum ledger_mode mode, struct ledger **out)
{
	struct ledger *l __cleanup_ledger = NULL;
	bool fixed = mode == LEDGER_READ && is_read_only(path);
	struct stat st;

	if (stat(path, &st))
		return errno == ENOENT ? error_new(ERROR_NOTHING, "there is no ledger at %s", path)
				       : error_errno(errno, "opening %s", path);
	if (!S_ISREG(st.st_mode) || !st.st_size)
		return error_new(ERROR_VERIFY, "%s is no ledger of suture: %s", path,
				 S_ISREG(st.st_mode) ? "it is empty" : "it is no file");
	if (mode == LEDGER_WRITE && access(path, W_OK))
		return error_errno(errno, "opening %s for writing", path);
	TRY(connect_to(path, mode == LEDGER_WRITE ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY,
		       fixed ? "immutable=1" : "", &l));
	l->device = st.st_dev;
	l->inode = st.st_ino;
	TRY(settle(l, mode));
	*out = take(l);
	return NULL;
}

struct error *database_make(const char *path, struct ledger **out)
{
	struct ledger *l __cleanup_ledger = NULL;
	struct stat st;

	TRY(connect_to(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "", &l));
	TRY(database_run(l, "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL", "making"));
	TRY(run_schema(l, 0));
	if (chmod(path, 0600) || stat(path, &st))
		return error_errno(errno, "making %s", path);
	l->device = st.st_dev;
	l->inode = st.st_ino;
	*out = take(l);
	return NULL;
}

static struct error *list_schema(struct ledger *l, struct strbuf *out)
{
	sqlite3_stmt *s __cleanup_statement = NULL;
	bool row = false;

	TRY(database_prepare(l, "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name",
			     &s));
	for (;;) {
		TRY(database_step(l, s, &row));
		if (!row)
			return NULL;
		TRY(strbuf_printf(
			out, "%s %s: %s\n", (const char *)sqlite3_column_text(s, 0),
			(const char *)sqlite3_column_text(s, 1),
			sqlite3_column_text(s, 2) ? (const char *)sqlite3_column_text(s, 2) : "-"));
	}
}

/* The first line that only one of them has. */
static struct error *first_difference(const char *is, const char *should, struct arena *a,
				      const char **differs)
{
	size_t at = 0, name;

	*differs = NULL;
	if (str_equal(is, should))
		return NULL;
	for (size_t i = 0; is[i] == should[i]; i++)
		if (is[i] == '\n')
			at = i + 1;
	name = strcspn(should + at, ":");
	*differs = name ? arena_printf(a, "the %.*s is not as it was made", (int)name, should + at)
			: arena_printf(a, "there is a %.*s that suture did not make",
				       (int)strcspn(is + at, ":"), is + at);
	return *differs ? NULL : error_nomem();
}

struct error *database_schema(struct ledger *l, struct arena *a, const char **differs)
{
	struct strbuf is __cleanup_strbuf = { 0 }, should __cleanup_strbuf = { 0 };
	struct ledger *model __cleanup_ledger = NULL;

	TRY(connect_to(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, "", &model));
	TRY(run_schema(model, 0));
	TRY(list_schema(model, &should));
	TRY(list_schema(l, &is));
	return first_difference(strbuf_str(&is), strbuf_str(&should), a, differs);
}

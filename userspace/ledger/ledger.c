// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the ledger lies, and how a file of it comes to its place: made and filled beside it under
 * the name PATH.next, then renamed. Who makes one holds a lock on the folder. A process that was
 * killed between moving a damaged file aside and renaming leaves PATH.next whole, and no
 * PATH: whoever looks next finishes that.
 */
#include "ledger/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/file.h>
#include <time.h>

#include "base/file.h"
#include "base/json.h"
#include "base/vec.h"
#include "ledger/append.h"

struct error *ledger_path(char **out)
{
	const char *state = getenv("SUTURE_STATE");

	*out = str_printf("%s/ledger.db", state && *state ? state : "/var/lib/suture");
	return *out ? NULL : error_nomem();
}

void ledger_close(struct ledger **l)
{
	if (!*l)
		return;
	sqlite3_close((*l)->db);
	free((*l)->path);
	free(*l);
	*l = NULL;
}

/* The folder of a path: open, and locked against others that make a ledger in it. */
static struct error *lock_folder(const char *path, int *out)
{
	char *copy __free = strdup(path);
	const char *folder;
	int fd __closefd = -1;

	if (!copy)
		return error_nomem();
	folder = dirname(copy);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return error_errno(errno, "opening %s", folder);
	while (flock(fd, LOCK_EX))
		if (errno != EINTR)
			return error_errno(errno, "locking %s", folder);
	*out = take_fd(&fd);
	return NULL;
}

struct place {
	const char *path;
	char *next;
	int folder;
};

static void place_leave(struct place *p)
{
	free(p->next);
	close_fd(&p->folder);
}
#define __cleanup_place __cleanup(place_leave)

static struct error *place_enter(const char *path, struct place *out)
{
	out->path = path;
	out->next = str_printf("%s.next", path);
	if (!out->next)
		return error_nomem();
	return lock_folder(path, &out->folder);
}

/* PATH.next to PATH, on the disk. */
static struct error *move_in(struct place *p)
{
	if (rename(p->next, p->path) || fsync(p->folder))
		return error_errno(errno, "moving %s to %s", p->next, p->path);
	return NULL;
}

static struct error *open_sound(const char *path, enum ledger_mode mode, struct ledger **out)
{
	struct ledger *l __cleanup_ledger = NULL;

	TRY(database_open(path, mode, &l));
	TRY(database_check_head(l));
	*out = take(l);
	return NULL;
}

/* A file of that name that was completed is one whose first event was committed. */
static bool is_complete(const char *path)
{
	struct ledger *l __cleanup_ledger = NULL;
	struct error *e __cleanup_error = open_sound(path, LEDGER_READ, &l);

	return !e;
}

static struct error *finish_move(const char *path)
{
	struct place p __cleanup_place = { .folder = -1 };

	TRY(place_enter(path, &p));
	return !file_exists(path) && is_complete(p.next) ? move_in(&p) : NULL;
}

struct error *ledger_open(const char *path, enum ledger_mode mode, struct ledger **out)
{
	char *next __free = str_printf("%s.next", path);

	if (!next)
		return error_nomem();
	if (!file_exists(path) && file_exists(next))
		TRY(finish_move(path));
	return open_sound(path, mode, out);
}

static struct error *remove_next(const struct place *p)
{
	static const char *const names[] = { "", "-journal", "-wal", "-shm" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *name __free = str_printf("%s%s", p->next, names[i]);

		if (!name)
			return error_nomem();
		if (unlink(name) && errno != ENOENT)
			return error_errno(errno, "removing %s", name);
	}
	return NULL;
}

/* Fill PATH.next with these events, the first of which begins the chain. */
static struct error *make_next(const struct place *p, const struct ledger_change *changes, size_t n)
{
	struct ledger *l __cleanup_ledger = NULL;
	struct error *e;

	TRY(remove_next(p));
	e = database_make(p->next, &l);
	if (!e)
		e = ledger_append_begin(l);
	for (size_t i = 0; i < n && !e; i++)
		e = ledger_append_event(l, &changes[i], NULL);
	if (l && (e || !sqlite3_get_autocommit(l->db)))
		e = ledger_append_end(l, e);
	ledger_close(&l);
	if (e) {
		struct error *left = remove_next(p);

		error_free(&left); /* the first error is the one to tell */
	}
	return e;
}

struct error *ledger_create(const char *path, struct ledger **out)
{
	static const struct ledger_change begin = { .verb = "begin",
						    .why = "the first of this host" };
	struct place p __cleanup_place = { .folder = -1 };
	char *copy __free = strdup(path);

	if (!copy)
		return error_nomem();
	TRY(dir_make(dirname(copy)));
	TRY(place_enter(path, &p));
	if (!file_exists(path)) {
		if (!is_complete(p.next))
			TRY(make_next(&p, &begin, 1));
		TRY(move_in(&p));
	}
	return open_sound(path, LEDGER_WRITE, out);
}

/* PATH.damaged-YYYYMMDDTHHMMSSZ: a name that is free. */
static struct error *name_aside(const char *path, char **out)
{
	time_t now = time(NULL);
	struct tm tm;
	char when[32], *name __free = NULL;

	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
	name = str_printf("%s.damaged-%s", path, when);
	for (int i = 2; name && file_exists(name); i++) {
		free(name);
		name = str_printf("%s.damaged-%s.%d", path, when, i);
	}
	*out = take(name);
	return *out ? NULL : error_nomem();
}

/* The file first: without it the others mean nothing to whoever looks meanwhile. */
static struct error *move_aside(const char *path, const char *aside)
{
	static const char *const names[] = { "", "-wal", "-shm" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *from __free = str_printf("%s%s", path, names[i]);
		char *to __free = str_printf("%s%s", aside, names[i]);

		if (!from || !to)
			return error_nomem();
		if (rename(from, to) && errno != ENOENT)
			return error_errno(errno, "moving %s to %s", from, to);
	}
	return NULL;
}

static struct error *describe_gap(const struct ledger_found *found, size_t n, const char *aside,
				  struct strbuf *out)
{
	struct json j = json_begin_compact(out);

	json_object(&j, NULL);
	json_null(&j, "since"); /* nobody can know */
	json_string(&j, "kept", aside);
	json_array(&j, "found");
	for (size_t i = 0; i < n; i++)
		json_string(&j, NULL, found[i].patch);
	json_end(&j);
	json_end(&j);
	TRY(json_finish(&j));
	out->s[--out->n] = '\0'; /* the last newline */
	return NULL;
}

static struct error *rebuild(struct place *p, const char *actor, const char *why,
			     const struct ledger_found *found, size_t n, const char *aside)
{
	struct strbuf evidence __cleanup_strbuf = { 0 };
	VEC(struct ledger_change) changes = { 0 };
	struct error *e;

	TRY(describe_gap(found, n, aside, &evidence));
	e = vec_push(&changes, (struct ledger_change){ .actor = actor,
						       .verb = "gap",
						       .why = why,
						       .evidence = strbuf_str(&evidence) });
	for (size_t i = 0; i < n && !e; i++)
		e = vec_push(&changes, (struct ledger_change){
					       .actor = actor,
					       .verb = "found",
					       .patch = found[i].patch,
					       .to = LEDGER_LIVE,
					       .why = "it is in the kernel; what became of it "
						      "before is not known",
					       .module = found[i].module,
					       .bundle = found[i].bundle,
					       .path = found[i].path,
					       .fix = found[i].fix,
					       .version = found[i].version });
	if (!e)
		e = make_next(p, changes.v, changes.n);
	vec_free(&changes);
	return e;
}

struct error *ledger_rebuild(const char *path, const char *actor, const char *why,
			     const struct ledger_found *found, size_t n, char **aside,
			     struct ledger **out)
{
	struct place p __cleanup_place = { .folder = -1 };
	char *copy __free = strdup(path), *kept __free = NULL;

	if (!copy)
		return error_nomem();
	TRY(dir_make(dirname(copy)));
	TRY(place_enter(path, &p));
	if (is_complete(path)) /* somebody else was quicker */
		return error_refused("%s is sound: there is nothing to rebuild", path);
	if (file_exists(path))
		TRY(name_aside(path, &kept));
	TRY(rebuild(&p, actor, why, found, n, kept));
	if (kept)
		TRY(move_aside(path, kept));
	TRY(move_in(&p));
	TRY(open_sound(path, LEDGER_WRITE, out));
	*aside = take(kept);
	return NULL;
}

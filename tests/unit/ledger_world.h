/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ledger in a temporary folder, and short words for what tests do with it. */
#ifndef TESTS_LEDGER_WORLD_H
#define TESTS_LEDGER_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/file.h"
#include "ledger/ledger.h"

static struct {
	struct tmpdir dir;
	char path[512];
	struct arena arena;
} world;

static int world_setup(void **state)
{
	(void)state;
	if (tmpdir_make(NULL, &world.dir))
		return -1;
	snprintf(world.path, sizeof(world.path), "%s/state/ledger.db", world.dir.path);
	return 0;
}

static int world_teardown(void **state)
{
	(void)state;
	arena_free(&world.arena);
	tmpdir_remove(&world.dir);
	return 0;
}

/* That there is no error. */
static inline void works(struct error *e)
{
	if (e)
		fail_msg("%s", error_message(e));
}

/* That it fails so, and says this. */
static inline void fails(struct error *e, enum error_kind kind, const char *word)
{
	if (!e)
		fail_msg("no error that says '%s'", word);
	if (error_kind(e) != kind || !strstr(error_message(e), word))
		fail_msg("kind %d, not %d with '%s': %s", error_kind(e), kind, word,
			 error_message(e));
	error_free(&e);
}

static inline struct ledger *world_create(void)
{
	struct ledger *l = NULL;

	works(ledger_create(world.path, &l));
	return l;
}

static inline struct error *move_to(struct ledger *l, const char *patch, enum ledger_state to)
{
	return ledger_append(l, &(struct ledger_change){ .verb = "test", .patch = patch, .to = to },
			     NULL);
}

static inline const struct ledger_patch *patch_of(struct ledger *l, const char *name)
{
	const struct ledger_patch *p = NULL;

	works(ledger_patch(l, name, &world.arena, &p));
	return p;
}

static inline struct ledger_events events_of(struct ledger *l)
{
	struct ledger_events events = { 0 };

	works(ledger_events(l, &(struct ledger_filter){ 0 }, &world.arena, &events));
	return events;
}

/* Behind the ledger's back. */
static inline void sql(const char *path, const char *text)
{
	sqlite3 *db = NULL;
	char *said = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, &said) != SQLITE_OK)
		fail_msg("%s: %s", text, said);
	sqlite3_close(db);
}

#endif

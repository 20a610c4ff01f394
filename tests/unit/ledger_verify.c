// SPDX-License-Identifier: GPL-2.0-or-later
/* Whatever is done to the ledger behind its back is found, and named by the first event. */
#include "ledger/verify.h"
#include "ledger_world.h"

#define OPEN_EVENTS "DROP TRIGGER event_kept; DROP TRIGGER event_stays; "
#define SHUT_EVENTS                                                \
	"; CREATE TRIGGER event_kept BEFORE UPDATE ON event BEGIN" \
	" SELECT RAISE(ABORT, 'events are never changed'); END;"   \
	"CREATE TRIGGER event_stays BEFORE DELETE ON event BEGIN"  \
	" SELECT RAISE(ABORT, 'events are never deleted'); END;"

/* Ten events; the fifth has something in every column. */
static void fill_ledger(void)
{
	static const enum ledger_state way[] = { LEDGER_APPLYING, LEDGER_LIVE, LEDGER_PROVED,
						 LEDGER_CONFIRMED };
	struct ledger *l __cleanup_ledger = world_create();
	static const char digest[] =
		"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
	char other[] = "10112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

	works(move_to(l, "p", LEDGER_STAGED));
	works(move_to(l, "q", LEDGER_STAGED));
	for (int i = 0; i < 4; i++)
		works(ledger_append(l,
				    &(struct ledger_change){ .verb = "apply",
							     .patch = "p",
							     .to = way[i],
							     .bundle = i % 2 ? digest : other,
							     .path = "/kept",
							     .module = "m",
							     .fix = "f",
							     .version = 4 + (uint64_t)i,
							     .deadline = i < 3 ? 5 : 0,
							     .why = "so it is",
							     .evidence = "{}" },
				    NULL));
	works(move_to(l, "q", LEDGER_APPLYING));
	works(move_to(l, "p", LEDGER_REVERTING));
	works(move_to(l, "p", LEDGER_REVERTED));
}

static struct ledger_verdict verdict(const struct ledger_checkpoint *known)
{
	struct ledger_verdict v;

	works(ledger_verify(world.path, known, &world.arena, &v));
	return v;
}

static void expect(const struct ledger_checkpoint *known, enum ledger_fault_kind kind, uint64_t seq,
		   const char *word, const char *done)
{
	struct ledger_verdict v = verdict(known);

	if (v.fault.kind != kind || v.fault.seq != seq || (kind && !strstr(v.fault.what, word)))
		fail_msg("after %s: %s, event %d: %s", done, ledger_fault_name(v.fault.kind),
			 (int)v.fault.seq, v.fault.kind ? v.fault.what : "");
}

struct tampering {
	const char *sql;
	enum ledger_fault_kind kind;
	uint64_t seq;
	const char *word;
};

/* Each in a ledger of its own. */
static void try_each(const struct tampering *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *text __free = str_printf("%s%s%s", OPEN_EVENTS, rows[i].sql, SHUT_EVENTS);

		fill_ledger();
		expect(NULL, FAULT_NONE, 0, "", "nothing");
		sql(world.path, text);
		expect(NULL, rows[i].kind, rows[i].seq, rows[i].word, rows[i].sql);
		assert_int_equal(unlink(world.path), 0);
	}
}

static void test_an_untouched_ledger_is_whole(void **state)
{
	struct ledger_verdict v;

	(void)state;
	fill_ledger();
	v = verdict(NULL);
	assert_int_equal(v.fault.kind, FAULT_NONE);
	assert_int_equal(v.events, 10);
	assert_int_equal(v.end.seq, 10);
	assert_null(v.gap);
}

static void test_an_edit_of_any_column_of_an_event_is_found(void **state)
{
	static const char *const columns[] = {
		"time",	  "uptime", "boot",    "actor",	   "uid",  "pid",      "login",	 "tty",
		"verb",	  "patch",  "before",  "after",	   "why",  "evidence", "bundle", "path",
		"module", "fix",    "version", "deadline", "prev", "hash",
	};
	static const char *const values[] = { "7", "'live'", "'x' || char(0) || 'y'", "x'00'" };

	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(columns); c++)
		for (size_t v = 0; v < ARRAY_SIZE(values); v++) {
			char *text __free = str_printf("UPDATE event SET %s = %s WHERE seq = 5",
						       columns[c], values[v]);
			struct tampering row = { text, FAULT_EDITED, 5, "event 5" };

			/* This one is what stands there. */
			if (str_equal(columns[c], "after") && v == 1)
				continue;
			try_each(&row, 1);
		}
}

static void test_events_that_are_gone_or_elsewhere_or_too_many_are_found(void **state)
{
	static const struct tampering rows[] = {
		{ "DELETE FROM event WHERE seq = 5", FAULT_DELETED, 5, "event 5 is missing" },
		{ "DELETE FROM event WHERE seq BETWEEN 5 AND 7", FAULT_DELETED, 5, "5 to 7" },
		{ "DELETE FROM event WHERE seq = 1", FAULT_DELETED, 1, "event 1 is missing" },
		{ "DELETE FROM event WHERE seq = 5; UPDATE event SET seq = seq - 1 WHERE seq > 5",
		  FAULT_DELETED, 5, "event 5 is missing" },
		{ "UPDATE event SET seq = 99 WHERE seq = 5", FAULT_REORDERED, 5, "as event 99" },
		{ "UPDATE event SET seq = 99 WHERE seq = 5; UPDATE event SET seq = 5 WHERE seq = 6; "
		  "UPDATE event SET seq = 6 WHERE seq = 99",
		  FAULT_REORDERED, 5, "as event 6" },
		{ "UPDATE event SET seq = -seq WHERE seq > 4; UPDATE event SET seq = 1 - seq "
		  "WHERE seq < 0; INSERT INTO event SELECT 5, time, uptime, boot, actor, uid, pid, "
		  "login, tty, verb, patch, before, after, bundle, path, module, fix, version, "
		  "deadline, 'no', evidence, prev, hash FROM event WHERE seq = 6",
		  FAULT_INSERTED, 5, "event 5 was inserted" },
		{ "INSERT INTO event SELECT 0, time, uptime, boot, actor, uid, pid, "
		  "login, tty, verb, patch, before, after, bundle, path, module, fix, version, "
		  "deadline, why, evidence, prev, hash FROM event WHERE seq = 6",
		  FAULT_INSERTED, 0, "was inserted" },
		{ "DELETE FROM event WHERE seq > 7", FAULT_CUT, 8, "cut off" },
		{ "DELETE FROM event", FAULT_CUT, 1, "no event" },
		{ "UPDATE head SET seq = 9, hash = (SELECT hash FROM event WHERE seq = 9)",
		  FAULT_INSERTED, 10, "behind the ledger's back" },
		{ "UPDATE head SET hash = 'x'", FAULT_OTHER, 10, "head" },
		{ "DELETE FROM head", FAULT_INSERTED, 1, "behind" },
		/* Not found by the head: by what the patches are. */
		{ "DELETE FROM event WHERE seq > 8; UPDATE head SET seq = 8, hash = (SELECT hash "
		  "FROM event WHERE seq = 8)",
		  FAULT_DISAGREES, 7, "patch p" },
	};

	(void)state;
	try_each(rows, ARRAY_SIZE(rows));
}

static void test_tables_that_do_not_follow_from_the_events_are_found(void **state)
{
	static const struct tampering rows[] = {
		{ "UPDATE patch SET state = 'confirmed' WHERE name = 'p'", FAULT_DISAGREES, 10,
		  "state" },
		{ "UPDATE patch SET state = 'fine' WHERE name = 'p'", FAULT_DAMAGED, 0, "fine" },
		{ "UPDATE patch SET confirmed = 1 WHERE name = 'p'", FAULT_DISAGREES, 10,
		  "confirmed" },
		{ "UPDATE patch SET bundle = 'x' WHERE name = 'p'", FAULT_DISAGREES, 10, "bundle" },
		{ "UPDATE patch SET path = NULL WHERE name = 'p'", FAULT_DISAGREES, 10, "path" },
		{ "UPDATE patch SET module = 'x' WHERE name = 'p'", FAULT_DISAGREES, 10, "module" },
		{ "UPDATE patch SET fix = 'x' WHERE name = 'p'", FAULT_DISAGREES, 10, "fix" },
		{ "UPDATE patch SET version = 9 WHERE name = 'p'", FAULT_DISAGREES, 10, "version" },
		{ "UPDATE patch SET boot = 'x' WHERE name = 'p'", FAULT_DISAGREES, 10, "boot" },
		{ "UPDATE patch SET deadline = 9 WHERE name = 'q'", FAULT_DISAGREES, 8,
		  "deadline" },
		{ "UPDATE patch SET since = 9 WHERE name = 'p'", FAULT_DISAGREES, 10, "since" },
		{ "UPDATE patch SET seq = 9 WHERE name = 'p'", FAULT_DISAGREES, 10, "seq" },
		{ "DELETE FROM patch WHERE name = 'q'", FAULT_DISAGREES, 8, "q" },
		{ "UPDATE patch SET name = 'z' WHERE name = 'q'", FAULT_DISAGREES, 8, "q" },
		{ "INSERT INTO patch SELECT 'r', state, confirmed, bundle, path, module, fix, "
		  "version, boot, deadline, since, seq FROM patch WHERE name = 'p'",
		  FAULT_DISAGREES, 0, "r that no event" },
		{ "UPDATE newest SET version = 1", FAULT_DISAGREES, 0, "fix f" },
		{ "DELETE FROM newest", FAULT_DISAGREES, 0, "fix f" },
		{ "CREATE TRIGGER t AFTER INSERT ON event BEGIN DELETE FROM newest; END",
		  FAULT_DISAGREES, 0, "trigger t that suture did not make" },
		{ "DROP INDEX event_patch", FAULT_DISAGREES, 0, "index event_patch is not" },
	};

	(void)state;
	try_each(rows, ARRAY_SIZE(rows));
}

/* What only a checkpoint can tell. */
static void test_a_checkpoint_finds_a_cut_and_another_chain(void **state)
{
	struct ledger_checkpoint then;
	struct ledger *l = NULL;

	(void)state;
	fill_ledger();
	then = verdict(NULL).end;
	expect(&then, FAULT_NONE, 0, "", "nothing");
	works(ledger_open(world.path, LEDGER_WRITE, &l));
	works(move_to(l, "p", LEDGER_APPLYING));
	ledger_close(&l);
	expect(&then, FAULT_NONE, 0, "", "another event");

	/* Someone put an older file in its place; or forged one. */
	then.seq = 12;
	expect(&then, FAULT_CUT, 12, "the checkpoint knows event 12", "a cut");
	then.seq = 9;
	expect(&then, FAULT_OTHER, 9, "forged", "another hash");
	assert_int_equal(unlink(world.path), 0);
	fill_ledger();
	expect(&then, FAULT_OTHER, 1, "another ledger", "a new one");
}

static void test_a_file_that_is_no_database_is_damaged(void **state)
{
	struct strbuf copy __cleanup_strbuf = { 0 };

	(void)state;
	fill_ledger();
	works(file_read(world.path, &copy));
	memset(copy.s + copy.n / 2, 0x5a, copy.n / 4);
	works(file_write(world.path, copy.s, copy.n, 0600));
	assert_true(verdict(NULL).fault.kind != FAULT_NONE);
	works(file_write(world.path, "x", 1, 0600));
	assert_int_equal(verdict(NULL).fault.kind, FAULT_DAMAGED);
}

static void test_a_checkpoint_is_read_as_it_is_written_and_not_otherwise(void **state)
{
	struct ledger_checkpoint c, again;
	struct strbuf text __cleanup_strbuf = { 0 }, seen __cleanup_strbuf = { 0 };
	struct strbuf signature __cleanup_strbuf = { 0 };

	(void)state;
	fill_ledger();
	c = verdict(NULL).end;
	works(checkpoint_text(&c, &text));
	works(checkpoint_parse(text.s, text.n, &again, &seen));
	assert_int_equal(seen.n, 0);
	assert_int_equal(again.seq, 10);
	assert_string_equal(again.hash, c.hash);
	assert_string_equal(again.chain, c.chain);
	assert_int_equal(again.time, c.time);
	works(strbuf_add(&signature, "a\0b", 3));
	works(checkpoint_add_signature(&signature, &text));
	works(checkpoint_parse(text.s, text.n, &again, &seen));
	assert_int_equal(seen.n, 3);
	assert_memory_equal(seen.s, "a\0b", 3);
	for (size_t n = 0; n < text.n; n++) {
		struct strbuf none __cleanup_strbuf = { 0 };
		struct error *e __cleanup_error = checkpoint_parse(text.s, n, &again, &none);

		if (!e && n != text.n - strlen("signature YQBi\n"))
			fail_msg("the first %zu bytes are taken", n);
	}
	for (size_t n = 0; n < text.n; n++) {
		struct strbuf none __cleanup_strbuf = { 0 };
		struct error *e __cleanup_error = NULL;

		text.s[n] ^= 0x20;
		e = checkpoint_parse(text.s, text.n, &again, &none);
		if (!e && (n < 27 || strchr(" \n", text.s[n] ^ 0x20)))
			fail_msg("byte %zu may be another", n);
		text.s[n] ^= 0x20;
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_an_untouched_ledger_is_whole),
		TEST(test_an_edit_of_any_column_of_an_event_is_found),
		TEST(test_events_that_are_gone_or_elsewhere_or_too_many_are_found),
		TEST(test_tables_that_do_not_follow_from_the_events_are_found),
		TEST(test_a_checkpoint_finds_a_cut_and_another_chain),
		TEST(test_a_file_that_is_no_database_is_damaged),
		TEST(test_a_checkpoint_is_read_as_it_is_written_and_not_otherwise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* suture log from outside: what it prints, what it finds, what openssl(1) signs for it. */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "../unit/ledger_world.h"
#include "base/json_read.h"
#include "base/subprocess.h"

static struct strbuf said;

/* In the folder; $SUTURE_STATE is the ledger's. What it says is in `said`. */
static int run_list(const char *const *argv)
{
	char *state __free = str_printf("SUTURE_STATE=%s/state", world.dir.path);
	const char *const env[] = { state, "TZ=UTC", NULL };
	struct subprocess p = {
		.argv = argv, .cwd = world.dir.path, .env = env, .out = &said, .err = &said
	};

	strbuf_free(&said);
	works(subprocess_run(&p));
	return p.status;
}
#define run(...) run_list(subprocess_words(__VA_ARGS__))
#define suture(...) run(program(), __VA_ARGS__)

static const char *program(void)
{
	static char path[4096];
	const char *build = getenv("B");
	char *here __free = realpath(build ? build : "build", NULL);

	snprintf(path, sizeof(path), "%s/suture", here ? here : "build");
	return path;
}

static void ends_with(int status, int want, const char *word)
{
	if (status != want || !strstr(strbuf_str(&said), word))
		fail_msg("it ended with %d, not %d with '%s':\n%s", status, want, word,
			 strbuf_str(&said));
}

static void write_file(const char *name, const char *text)
{
	char *path __free = str_printf("%s/%s", world.dir.path, name);

	works(file_write(path, text, strlen(text), 0600));
}

/* The output of the last command, as a file. */
static void keep(const char *name)
{
	write_file(name, strbuf_str(&said));
}

static void fill_ledger(void)
{
	struct ledger *l __cleanup_ledger = world_create();

	works(move_to(l, "tcp", LEDGER_STAGED));
	works(ledger_append(l,
			    &(struct ledger_change){ .verb = "apply",
						     .patch = "tcp",
						     .to = LEDGER_APPLYING,
						     .why = "a\x1b[31mred\nline",
						     .evidence = "{\"tasks\": [1, \"x\", null]}" },
			    NULL));
	works(ledger_append(l,
			    &(struct ledger_change){ .actor = "guard",
						     .verb = "take-back",
						     .patch = "tcp",
						     .to = LEDGER_ROLLED_BACK,
						     .why = "nobody confirmed" },
			    NULL));
}

static void make_keys(void)
{
	static const char *const names[] = { "key", "other" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *private __free = str_printf("%s.pem", names[i]);
		char *public __free = str_printf("%s.pub", names[i]);

		assert_int_equal(
			run("openssl", "genpkey", "-algorithm", "ed25519", "-out", private), 0);
		assert_int_equal(run("openssl", "pkey", "-in", private, "-pubout", "-out", public),
				 0);
	}
}

static void test_a_table_for_people_that_cannot_steer_the_terminal(void **state)
{
	(void)state;
	ends_with(suture("log"), 3, "there is no ledger");
	fill_ledger();
	ends_with(suture("log"), 0, "SEQ  TIME");
	ends_with(0, 0, "apply      tcp    staged → applying       a?[31mred line\n");
	ends_with(0, 0, "guard");
	ends_with(0, 0, "applying → rolled back  nobody confirmed\n");
	ends_with(suture("log", "--last", "1"), 0, "\n4 ");
	assert_null(strstr(said.s, "\n3 "));
	ends_with(suture("log", "--patch", "none"), 3, "no such event");
	ends_with(suture("log", "--patch", "tcp"), 0, "\n2 ");
	assert_null(strstr(said.s, "begin"));
	ends_with(suture("log", "--since", "1 h"), 0, "begin");
	ends_with(suture("log", "--since", "2036-01-01"), 3, "no such event");
	ends_with(suture("log", "--since", "2016-01-01T10:00:00Z"), 0, "begin");
}

static void test_what_is_not_meant_is_a_usage_error(void **state)
{
	static const struct {
		const char *a, *b, *c, *word;
	} rows[] = {
		{ "--since", "soon", NULL, "no point in time" },
		{ "--last", "x", NULL, "--last" },
		{ "more", NULL, NULL, "argument" },
		{ "verify", "--patch", "p", "--patch means nothing to 'suture log verify'" },
		{ "--key", "p", NULL, "--key means nothing to 'suture log'" },
		{ "verify", "--key", "k", "--checkpoint" },
		{ "checkpoint", "--passphrase-file", "f", "--key" },
		{ "checkpoint", "--json", NULL, "--json means nothing" },
	};

	(void)state;
	fill_ledger();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		ends_with(suture("log", rows[i].a, rows[i].b, rows[i].c), 2, rows[i].word);
}

static void test_json_has_all_of_an_event(void **state)
{
	const struct json_value *root, *tasks, *list;
	const char *s;
	char *line;

	(void)state;
	fill_ledger();
	ends_with(suture("log", "--json", "--last", "2"), 0, "rolled back");
	line = strchr(said.s, '\n');
	works(json_parse(said.s, (size_t)(line - said.s), &world.arena, &root));
	works(json_need_string(root, "schema", &s));
	assert_string_equal(s, "suture-log/1");
	works(json_need_string(root, "after", &s));
	assert_string_equal(s, "applying");
	works(json_need_string(root, "why", &s));
	assert_string_equal(s, "a\x1b[31mred\nline");
	works(json_need_string(root, "time", &s));
	assert_int_equal(strlen(s), strlen("2026-11-26T21:00:00.123456Z"));
	works(json_need_object(root, "evidence", &tasks));
	works(json_need_list(tasks, "tasks", &list));
	assert_int_equal(list->n, 3);
	works(json_parse(line + 1, strlen(line + 1), &world.arena, &root));
}

static void test_an_edit_is_named_and_ends_with_5(void **state)
{
	const struct json_value *root, *fault;
	const char *text;
	uint64_t seq;

	(void)state;
	fill_ledger();
	ends_with(suture("log", "verify"), 0, "is whole: 4 events");
	ends_with(0, 0, "no checkpoint was given");
	sql(world.path, "DROP TRIGGER event_kept; UPDATE event SET why = 'x' WHERE seq = 3");
	ends_with(suture("log", "verify"), 5, "is not whole (edited): event 3 was edited");
	ends_with(suture("log", "checkpoint"), 5, "event 3 was edited");
	assert_int_equal(suture("log", "verify", "--json"), 5);
	/* What goes to stderr comes first. */
	text = strstr(said.s, "{\n");
	assert_non_null(text);
	works(json_parse(text, strlen(text), &world.arena, &root));
	works(json_need_object(root, "fault", &fault));
	works(json_need_u64(fault, "seq", 100, &seq));
	assert_int_equal(seq, 3);
}

static void test_a_checkpoint_is_signed_here_or_by_openssl_elsewhere(void **state)
{
	(void)state;
	fill_ledger();
	make_keys();
	assert_int_equal(suture("log", "checkpoint"), 0);
	keep("c");
	ends_with(suture("log", "verify", "--checkpoint", "c"), 0, "signature was not checked");
	ends_with(suture("log", "verify", "--checkpoint", "c", "--key", "key.pub"), 7,
		  "not signed");
	/* As docs/suture-log.1.scd has it. */
	assert_int_equal(run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", "key.pem", "-in",
			     "c", "-out", "c.sig"),
			 0);
	ends_with(suture("log", "verify", "--checkpoint", "c", "--key", "key.pub"), 0,
		  "up to event 4; the checkpoint's signature is of the key");
	ends_with(suture("log", "verify", "--checkpoint", "c", "--key", "other.pub"), 7,
		  "not signed by the key of other.pub");
	ends_with(suture("log", "verify", "--checkpoint", "c", "--key", "key.pub", "--signature",
			 "c"),
		  7, "not signed by");

	assert_int_equal(suture("log", "checkpoint", "--key", "key.pem"), 0);
	keep("s");
	ends_with(suture("log", "verify", "--checkpoint", "s", "--key", "key.pub"), 0,
		  "of the key");
	ends_with(suture("log", "verify", "--checkpoint", "s", "--key", "other.pub"), 7,
		  "not signed");
}

static void test_a_checkpoint_that_was_changed_is_not_believed(void **state)
{
	char *seq;

	(void)state;
	fill_ledger();
	make_keys();
	assert_int_equal(suture("log", "checkpoint", "--key", "key.pem"), 0);
	seq = strstr(said.s, "seq 4");
	assert_non_null(seq);
	seq[4] = '3';
	keep("c");
	ends_with(suture("log", "verify", "--checkpoint", "c", "--key", "key.pub"), 7,
		  "not signed");
	write_file("c", "hello\n");
	ends_with(suture("log", "verify", "--checkpoint", "c"), 1, "c is no checkpoint");
}

/* The file from before, put back: the ledger alone can't know. */
static void test_a_cut_end_is_found_by_a_checkpoint_only(void **state)
{
	char *old __free = str_printf("%s/old", world.dir.path);
	struct ledger *l = NULL;

	(void)state;
	fill_ledger();
	works(file_copy(world.path, old));
	works(ledger_open(world.path, LEDGER_WRITE, &l));
	works(move_to(l, "tcp", LEDGER_APPLYING));
	ledger_close(&l);
	assert_int_equal(suture("log", "checkpoint"), 0);
	keep("c");
	works(file_copy(old, world.path));
	ends_with(suture("log", "verify"), 0, "can't be told");
	ends_with(
		suture("log", "verify", "--checkpoint", "c"), 5,
		"(cut): the end is cut off: the checkpoint knows event 5, the last one here is 4");
}

/* In a child: a mount of its own, so that nobody else sees it. 77: it may not. */
static void append_read_only(void)
{
	struct ledger *l = NULL;
	struct error *e;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) && unshare(CLONE_NEWNS))
		_exit(77);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(world.dir.path, world.dir.path, NULL, MS_BIND, NULL) ||
	    mount(NULL, world.dir.path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL))
		_exit(77);
	if (suture("log", "verify"))
		_exit(1);
	e = ledger_open(world.path, LEDGER_WRITE, &l);
	if (!e)
		e = move_to(l, "x", LEDGER_STAGED);
	_exit(!e || !strstr(error_message(e), "ead-only") ? 2 : 0);
}

static void test_on_a_read_only_file_system_it_is_read_and_not_written(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	fill_ledger();
	pid = fork();
	if (!pid)
		append_read_only();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 77) {
		print_message("# this system lets nobody make a mount namespace\n");
		skip();
	}
	assert_int_equal(status, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_table_for_people_that_cannot_steer_the_terminal),
		TEST(test_what_is_not_meant_is_a_usage_error),
		TEST(test_json_has_all_of_an_event),
		TEST(test_an_edit_is_named_and_ends_with_5),
		TEST(test_a_checkpoint_is_signed_here_or_by_openssl_elsewhere),
		TEST(test_a_checkpoint_that_was_changed_is_not_believed),
		TEST(test_a_cut_end_is_found_by_a_checkpoint_only),
		TEST(test_on_a_read_only_file_system_it_is_read_and_not_written),
	};
	int status = cmocka_run_group_tests(tests, NULL, NULL);

	strbuf_free(&said);
	return status;
}

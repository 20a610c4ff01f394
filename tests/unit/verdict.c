// SPDX-License-Identifier: GPL-2.0-or-later
/* A verdict in the ledger and in a record, and which of a patch's events tells what is so now. */
#include "snippet.h"

#include <math.h>

#include "base/json_read.h"
#include "flow/host_verdict.h"
#include "flow/watch_blockers.h"

static struct vigil_verdict sample(void)
{
	struct vigil_verdict v = { .function = "fuse_open", .seconds = 12.5, .idle = 2 };

	v.judge.word = JUDGE_DEGRADED;
	v.judge.hard = HARD_SIGNALS;
	v.judge.metric = METRIC_TAIL;
	v.judge.watched = 12;
	v.judge.controlled = true;
	snprintf(v.judge.reason, sizeof(v.judge.reason), "slow calls: 3 times what it was");
	v.judge.finding[METRIC_LATENCY] = (struct judge_finding){
		.metric = "latency", .effect = 1.5, .interval = { 1.25, 1.75 }, .smallest = 1.125
	};
	v.judge.finding[METRIC_TAIL] = (struct judge_finding){ .metric = "slow calls",
							       .interval = { 0, INFINITY },
							       .smallest = INFINITY,
							       .why = "too few calls" };
	return v;
}

static const struct json_value *finding(const struct json_value *root, size_t i)
{
	const struct json_value *all = json_member(root, "findings");

	assert_non_null(all);
	assert_true(i < all->n);
	return &all->items[i];
}

static void test_the_evidence_names_metrics_as_the_verdict_does(void **state)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct vigil_verdict v = sample();
	const struct json_value *root = NULL;
	struct arena a __cleanup(arena_free) = { 0 };

	(void)state;
	ok(verdict_evidence(&v, &text));
	ok(json_parse(text.s, text.n, &a, &root));
	assert_string_equal(json_member(root, "schema")->string, "suture-verdict/1");
	assert_string_equal(json_member(root, "word")->string, "degraded");
	assert_string_equal(json_member(root, "metric")->string, "tail");
	assert_int_equal(json_member(root, "hard")->type, JSON_NULL);
	assert_int_equal(json_member(root, "findings")->n, 2);
	assert_string_equal(json_member(finding(root, 1), "metric")->string, "tail");
	assert_true(json_member(finding(root, 0), "high")->number == 1.75);
	assert_true(json_member(finding(root, 0), "known")->truth);
	/* What was not seen has no number. */
	assert_false(json_member(finding(root, 1), "known")->truth);
	assert_null(json_member(finding(root, 1), "high"));
	assert_null(json_member(finding(root, 1), "smallest"));
	assert_string_equal(json_member(finding(root, 1), "evidence")->string, "too few calls");
}

static void test_a_hard_signal_is_told_where_it_decided(void **state)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct vigil_verdict v = sample();
	const struct json_value *root = NULL;
	struct arena a __cleanup(arena_free) = { 0 };

	(void)state;
	v.judge.word = JUDGE_FAILED;
	v.judge.hard = HARD_OOPS;
	v.judge.metric = -1;
	ok(verdict_evidence(&v, &text));
	ok(json_parse(text.s, text.n, &a, &root));
	assert_string_equal(json_member(root, "hard")->string, hard_name(HARD_OOPS));
	assert_int_equal(json_member(root, "metric")->type, JSON_NULL);
}

static void test_what_was_written_is_read_and_nothing_else(void **state)
{
	static const char *const nothing[] = {
		NULL,
		"",
		"[]",
		"{",
		"{\"schema\": 7}",
		"{\"schema\": \"suture-verify/1\", \"word\": \"healthy\"}",
		"{\"schema\": \"suture-verdict/1\"}",
		"{\"schema\": \"suture-verdict/1\", \"word\": \"splendid\"}",
		"{\"schema\": \"suture-verdict/1\", \"word\": [\"healthy\"]}",
		"{\"schema\": \"suture-watching/1\"}",
		"{\"schema\": \"suture-watching/1\", \"seconds\": \"60\"}",
		"{\"schema\": \"suture-watching/1\", \"seconds\": 0}",
	};
	struct arena a __cleanup(arena_free) = { 0 };
	struct strbuf text __cleanup_strbuf = { 0 };
	struct vigil_verdict v = sample();
	struct verdict_said said;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nothing); i++)
		if (verdict_said(nothing[i], &a).what != VERDICT_NOT_SAID)
			fail_msg("%s says something", nothing[i]);
	ok(verdict_evidence(&v, &text));
	said = verdict_said(text.s, &a);
	assert_int_equal(said.what, VERDICT_SAID);
	assert_string_equal(said.word, "degraded");
	assert_string_equal(said.reason, "slow calls: 3 times what it was");
	said = verdict_said("{\"schema\": \"suture-verdict/1\", \"word\": \"failed\", "
			    "\"reason\": \"\\u001b[2J\"}",
			    &a);
	assert_string_equal(said.word, "failed");
	assert_string_equal(said.reason, "");
	text.n = 0;
	ok(verdict_watching(90, &text));
	said = verdict_said(text.s, &a);
	assert_int_equal(said.what, VERDICT_WATCHING);
	assert_float_equal(said.seconds, 90, 0);
}

#define APPLYING                                                  \
	{                                                         \
		.before = LEDGER_STAGED, .after = LEDGER_APPLYING \
	}
#define IN(state, says)                                           \
	{                                                         \
		.before = state, .after = state, .evidence = says \
	}
#define WATCHING "{\"schema\":\"suture-watching/1\",\"seconds\":60}"
#define HEALTHY "{\"schema\":\"suture-verdict/1\",\"word\":\"healthy\",\"reason\":\"\"}"

static void test_a_verdict_is_that_of_the_apply_that_is_live(void **state)
{
	static const struct ledger_event events[] = {
		APPLYING,
		IN(LEDGER_PROVED, WATCHING),
		IN(LEDGER_PROVED, HEALTHY),
		{ .before = LEDGER_PROVED, .after = LEDGER_CONFIRMED },
		IN(LEDGER_CONFIRMED, "{\"schema\":\"suture-verify/1\"}"),
		/* 5: reverted, and applied anew. */
		{ .before = LEDGER_CONFIRMED, .after = LEDGER_REVERTING },
		{ .before = LEDGER_REVERTING, .after = LEDGER_REVERTED },
		APPLYING,
		{ .before = LEDGER_PROVED, .after = LEDGER_CONFIRMED },
	};
	static const size_t last[] = { 0, 1, 1, 2, 2, 2, 2, 2, 8, 9 };
	struct arena a __cleanup(arena_free) = { 0 };

	(void)state;
	/* Of the first n events; n where none tells. */
	for (size_t n = 0; n < ARRAY_SIZE(last); n++)
		assert_int_equal(host_verdict_last(events, n, &a), last[n]);
}

static void look(struct watch_blockers *w, double time, pid_t tid, const char *pinned)
{
	struct blockers b __cleanup_blockers = { 0 };
	struct blocker one = { .pid = 7, .tid = tid, .comm = "cat", .pinned = pinned };

	ok(vec_push(&one.stack, pinned ? pinned : "schedule+0x1/0x2"));
	ok(vec_push(&b.v, one));
	ok(watch_blockers_look(w, time, &b));
}

static void test_who_was_waited_for_is_kept_once_for_as_long_as_it_was_seen(void **state)
{
	struct watch_blockers w __cleanup_watch_blockers = { .begun = 30 };
	struct strbuf text __cleanup_strbuf = { 0 };
	struct json j = json_begin_compact(&text);

	(void)state;
	look(&w, 31, 8, NULL);
	look(&w, 31, 9, "fuse_open+0x10/0x20 [fuse]");
	look(&w, 36, 8, "fuse_read+0x10/0x20 [fuse]");
	json_object(&j, NULL);
	watch_blockers_json(&w, &j);
	json_end(&j);
	ok(json_finish(&j));
	assert_string_equal(text.s, "{\"blockers\":[{\"pid\":7,\"tid\":8,\"comm\":\"cat\","
				    "\"function\":\"fuse_read\",\"seconds\":6,\"stack\":"
				    "[\"fuse_read+0x10/0x20 [fuse]\"]},"
				    "{\"pid\":7,\"tid\":9,\"comm\":\"cat\","
				    "\"function\":\"fuse_open\",\"seconds\":1,\"stack\":"
				    "[\"fuse_open+0x10/0x20 [fuse]\"]}]}\n");
	for (pid_t i = 0; i < 2 * WATCH_BLOCKERS; i++)
		look(&w, 40, 100 + i, NULL);
	assert_int_equal(w.v.n, WATCH_BLOCKERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_evidence_names_metrics_as_the_verdict_does),
		cmocka_unit_test(test_a_hard_signal_is_told_where_it_decided),
		cmocka_unit_test(test_what_was_written_is_read_and_nothing_else),
		cmocka_unit_test(test_a_verdict_is_that_of_the_apply_that_is_live),
		cmocka_unit_test(test_who_was_waited_for_is_kept_once_for_as_long_as_it_was_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

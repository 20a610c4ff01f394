// SPDX-License-Identifier: GPL-2.0-or-later
/* The policy of one watch: of each figure the right side's, and a sentence where sides differ. */
#include "snippet.h"

#include <math.h>

#include "base/json_read.h"
#include "flow/watch_settle.h"
#include "judge/hard.h"

static struct watch_terms command, fix, host;
static struct watch_settled settled;

static int begin(void **state)
{
	(void)state;
	command = fix = host = (struct watch_terms){ 0 };
	return 0;
}

static int end(void **state)
{
	(void)state;
	watch_settled_free(&settled);
	return 0;
}

static struct error *settle(double watch, double interval)
{
	const struct watch_sides s = { &command, &fix, &host, watch, interval };

	watch_settled_free(&settled);
	return watch_settle(&s, &settled);
}

static void noted(size_t i, const char *text)
{
	if (settled.notes.n <= i)
		fail_msg("nothing is said, and not: %s", text);
	assert_string_equal(settled.notes.v[i], text);
}

static void test_where_nobody_says_anything_it_is_the_judge_s_usual(void **state)
{
	struct judge_policy usual = judge_policy_usual(), p;

	(void)state;
	ok(settle(300, 1));
	p = watch_settled_policy(&settled);
	assert_memory_equal(&p, &usual, sizeof(p));
	assert_int_equal(settled.notes.n, 0);
	assert_int_equal(settled.terms.on_degraded, WATCH_DEGRADED_REVERT);
	for (size_t i = 0; i < WATCH_NUMBERS; i++)
		assert_int_equal(settled.number[i], WATCH_BY_USUAL);
	/* A soak that nobody asked for is no longer than the watch. */
	ok(settle(20, 1));
	assert_float_equal(settled.terms.number[WATCH_SOAK], 20, 0);
	assert_int_equal(settled.notes.n, 0);
}

static void test_of_each_number_the_last_word_is_the_stricter_bound(void **state)
{
	/* A value on both sides of the bound, and which of the two is the stricter. */
	static const struct {
		enum watch_number n;
		double loose, strict;
	} rows[] = {
		{ WATCH_ALPHA, 0.05, 0.001 }, { WATCH_LATENCY, 0.5, 0.05 },
		{ WATCH_TAIL, 5, 0.5 },	      { WATCH_ERRORS, 3, 0.2 },
		{ WATCH_SIGNALS, 9, 1 },      { WATCH_LEAK, 65536, 64 },
		{ WATCH_BASELINE, 30, 120 },  { WATCH_SOAK, 30, 120 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		enum watch_number n = rows[i].n;

		/* The fix instead of the usual, in both directions. */
		begin(state);
		fix.number[n] = rows[i].loose;
		ok(settle(300, 1));
		assert_float_equal(settled.terms.number[n], rows[i].loose, 0);
		assert_int_equal(settled.number[n], WATCH_BY_FIX);
		fix.number[n] = rows[i].strict;
		ok(settle(300, 1));
		assert_float_equal(settled.terms.number[n], rows[i].strict, 0);
		assert_int_equal(settled.notes.n, 0);
		/* The command line instead of the fix, and that is said. */
		command.number[n] = rows[i].loose;
		ok(settle(300, 1));
		assert_float_equal(settled.terms.number[n], rows[i].loose, 0);
		assert_int_equal(settled.number[n], WATCH_BY_COMMAND);
		assert_int_equal(settled.notes.n, 1);
		/* Never looser than the host. */
		host.number[n] = rows[i].strict;
		ok(settle(300, 1));
		assert_float_equal(settled.terms.number[n], rows[i].strict, 0);
		assert_int_equal(settled.number[n], WATCH_BY_HOST);
		/* Nor does the host loosen anything. */
		host.number[n] = rows[i].loose;
		command.number[n] = fix.number[n] = rows[i].strict;
		ok(settle(300, 1));
		assert_float_equal(settled.terms.number[n], rows[i].strict, 0);
		assert_int_equal(settled.number[n], WATCH_BY_COMMAND);
		assert_int_equal(settled.notes.n, 0);
		/* What is usual is bounded, too, and nobody is contradicted. */
		command.number[n] = fix.number[n] = 0;
		host.number[n] = rows[i].strict;
		ok(settle(300, 1));
		assert_float_equal(settled.terms.number[n], rows[i].strict, 0);
		assert_int_equal(settled.number[n], WATCH_BY_HOST);
		assert_int_equal(settled.notes.n, 0);
	}
}

static void test_who_counts_is_said_in_a_sentence(void **state)
{
	(void)state;
	fix.number[WATCH_LATENCY] = 0.3;
	host.number[WATCH_LATENCY] = 0.15;
	host.number[WATCH_SOAK] = 120;
	command.number[WATCH_SOAK] = 20;
	ok(settle(300, 1));
	assert_int_equal(settled.notes.n, 2);
	noted(0, "latency-margin: the fix says 30 %, this host allows at most 15 %, which counts");
	noted(1, "soak: the command line says 20 s, this host allows no less than 120 s, which "
		 "counts");
	host = (struct watch_terms){ 0 };
	command.number[WATCH_LATENCY] = 0.25;
	ok(settle(300, 1));
	assert_int_equal(settled.notes.n, 1);
	noted(0, "latency-margin: the fix says 30 %, the command line says 25 %, which counts");
}

static void test_a_soak_must_fit_into_the_watch(void **state)
{
	struct error *e;

	(void)state;
	fix.number[WATCH_SOAK] = 300;
	ok(settle(60, 1));
	assert_float_equal(settled.terms.number[WATCH_SOAK], 60, 0);
	assert_int_equal(settled.number[WATCH_SOAK], WATCH_BY_COMMAND);
	noted(0, "soak: the fix says 300 s, the command line watches for 60 s, which counts");
	command.number[WATCH_SOAK] = 61;
	expect_error(settle(60, 1), "longer than --watch");
	command.number[WATCH_SOAK] = 60;
	ok(settle(60, 1));
	host.number[WATCH_SOAK] = 61;
	e = settle(60, 1);
	assert_non_null(e);
	assert_int_equal(error_kind(e), ERROR_POLICY);
	expect_error(e, "this host calls no patch healthy before it was watched for 1 min 01 s");
	ok(settle(61, 1));
}

static void test_ten_looks_are_the_least(void **state)
{
	(void)state;
	command.number[WATCH_BASELINE] = 10;
	ok(settle(10, 1));
	expect_error(settle(9, 1), "10 times the interval");
	expect_error(settle(60, 2), "10 times the interval");
}

static void test_hard_signals_are_chosen_and_added_to(void **state)
{
	(void)state;
	fix.hard = 1u << WATCH_HARD_OOPS | WATCH_HARD_ALWAYS;
	ok(settle(60, 1));
	assert_int_equal(watch_settled_policy(&settled).hard,
			 1u << HARD_OOPS | 1u << HARD_REDIRECT_LOST | 1u << HARD_CHECK);
	assert_int_equal(settled.hard, WATCH_BY_FIX);
	host.hard = 1u << WATCH_HARD_CRASH | WATCH_HARD_ALWAYS;
	ok(settle(60, 1));
	assert_int_equal(watch_settled_policy(&settled).hard,
			 1u << HARD_OOPS | 1u << HARD_REDIRECT_LOST | 1u << HARD_CHECK |
				 1u << HARD_CRASH);
	assert_int_equal(settled.hard, WATCH_BY_HOST);
	noted(0, "hard: the fix says oops, redirect-lost, health-check; this host adds crash");
	host.hard = 0;
	command.hard = 1u << WATCH_HARD_LOCKUP | WATCH_HARD_ALWAYS;
	ok(settle(60, 1));
	assert_int_equal(settled.hard, WATCH_BY_COMMAND);
	noted(0, "hard: the command line says lockup, redirect-lost, health-check, which counts, "
		 "and not what the fix says");
}

static void test_a_degraded_one_is_kept_only_where_the_host_lets_it(void **state)
{
	(void)state;
	fix.on_degraded = WATCH_DEGRADED_KEEP;
	ok(settle(60, 1));
	assert_int_equal(settled.terms.on_degraded, WATCH_DEGRADED_KEEP);
	host.on_degraded = WATCH_DEGRADED_KEEP;
	command.on_degraded = WATCH_DEGRADED_REVERT;
	ok(settle(60, 1));
	assert_int_equal(settled.terms.on_degraded, WATCH_DEGRADED_REVERT);
	noted(0, "on-degraded: the fix says keep, the command line says revert, which counts");
	host.on_degraded = WATCH_DEGRADED_REVERT;
	command.on_degraded = WATCH_DEGRADED_KEEP;
	ok(settle(60, 1));
	assert_int_equal(settled.terms.on_degraded, WATCH_DEGRADED_REVERT);
	assert_int_equal(settled.on_degraded, WATCH_BY_HOST);
	noted(0, "on-degraded: the fix says keep, the command line says keep, this host says "
		 "revert, which counts");
}

static void test_the_host_s_check_is_run_beside_another(void **state)
{
	static const char *const one[] = { "vfs_read" }, *const two[] = { "vfs_write" };

	(void)state;
	fix.health_check = "from the fix";
	fix.controls = (struct form_texts){ one, 1 };
	host.health_check = "from the host";
	ok(settle(60, 1));
	assert_string_equal(settled.terms.health_check, "from the fix");
	assert_string_equal(settled.host_check, "from the host");
	assert_string_equal(settled.terms.controls.v[0], "vfs_read");
	assert_int_equal(settled.notes.n, 0);
	command.health_check = "from a person";
	command.controls = (struct form_texts){ two, 1 };
	ok(settle(60, 1));
	assert_string_equal(settled.terms.health_check, "from a person");
	assert_string_equal(settled.host_check, "from the host");
	assert_string_equal(settled.terms.controls.v[0], "vfs_write");
	assert_int_equal(settled.notes.n, 2);
}

static void test_margins_move_in_proportion_and_hold_for_the_judge(void **state)
{
	static const double values[] = { 1e-3, 0.03, 0.15, 1, 100 };
	struct judge_policy p;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		for (size_t n = WATCH_LATENCY; n <= WATCH_SIGNALS; n++)
			fix.number[n] = values[i];
		ok(settle(60, 1));
		p = watch_settled_policy(&settled);
		assert_float_equal(p.latency.equal, 1 + values[i], 1e-9);
		assert_float_equal(p.latency.harm, 1 + values[i] / 3, 1e-9);
		assert_float_equal(p.errors.fail, 1 + values[i] * 4, 1e-9);
		ok(judge_policy_check(&p));
	}
}

static void test_every_number_that_can_be_said_is_one_for_the_judge(void **state)
{
	struct judge_policy p;

	(void)state;
	for (size_t i = 0; i < WATCH_NUMBERS; i++) {
		const double ends[] = { watch_numbers[i].least, watch_numbers[i].most };

		for (size_t k = 0; k < 2; k++) {
			begin(state);
			fix.number[i] = ends[k];
			ok(settle(86400, 0.1));
			p = watch_settled_policy(&settled);
			/* In seconds; the judge's baseline is counted in looks, here of 0.1 s. */
			p.baseline *= 10;
			if (p.baseline <= 86400)
				ok(judge_policy_check(&p));
		}
	}
}

static void test_the_record_tells_each_figure_and_who_said_it(void **state)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct json j = json_begin(&text);
	const struct json_value *root, *policy, *figures;
	struct arena a = { 0 };
	size_t seen = 0;

	(void)state;
	fix.number[WATCH_LATENCY] = 0.3;
	host.number[WATCH_LATENCY] = 0.1;
	host.health_check = "is-well";
	ok(settle(60, 0.25));
	json_object(&j, NULL);
	watch_settled_json(&settled, &j);
	json_end(&j);
	ok(json_finish(&j));
	ok(json_parse(text.s, text.n, &a, &root));
	ok(json_need_object(root, "policy", &policy));
	ok(json_need_list(policy, "figures", &figures));
	assert_true(json_member(json_member(policy, "latency"), "equal")->number == 1.1);
	assert_int_equal(json_member(policy, "hard")->n, WATCH_HARD_SIGNALS);
	assert_int_equal(json_member(policy, "notes")->n, 1);
	for (size_t i = 0; i < figures->n; i++) {
		const char *key = json_member(&figures->items[i], "key")->string;
		const char *value = json_member(&figures->items[i], "value")->string;
		const char *by = json_member(&figures->items[i], "by")->string;

		if (str_equal(key, "latency-margin")) {
			assert_string_equal(value, "10 %");
			assert_string_equal(by, "this host");
		} else if (str_equal(key, "alpha")) {
			assert_string_equal(value, "1 %");
			assert_string_equal(by, "usual");
		} else if (str_equal(key, "health-check")) {
			assert_string_equal(value, "is-well");
			assert_string_equal(by, "this host");
		} else {
			continue;
		}
		seen++;
	}
	assert_int_equal(seen, 3);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
		T(test_where_nobody_says_anything_it_is_the_judge_s_usual),
		T(test_of_each_number_the_last_word_is_the_stricter_bound),
		T(test_who_counts_is_said_in_a_sentence),
		T(test_a_soak_must_fit_into_the_watch),
		T(test_ten_looks_are_the_least),
		T(test_hard_signals_are_chosen_and_added_to),
		T(test_a_degraded_one_is_kept_only_where_the_host_lets_it),
		T(test_the_host_s_check_is_run_beside_another),
		T(test_margins_move_in_proportion_and_hold_for_the_judge),
		T(test_every_number_that_can_be_said_is_one_for_the_judge),
		T(test_the_record_tells_each_figure_and_who_said_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

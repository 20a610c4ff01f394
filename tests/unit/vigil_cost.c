// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said and recorded of the cost of a watch. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "flow/vigil_state.h"

struct watched {
	struct vigil vigil;
	struct watch_function functions[2];
	struct watch_sampling sampling[2];
	struct latency_reading begun[2], ended[2];
};

/* Two functions of 1000 calls a second each, of 900 ns, in 10 s; of the second one in 4 is timed.
 */
static void prepare(struct watched *w)
{
	const struct probe_cost cost = { .timed = 100, .untimed = 40, .inside = 100 };

	memset(w, 0, sizeof(*w));
	w->functions[0] = (struct watch_function){ "vmlinux", "first", 0 };
	w->functions[1] = (struct watch_function){ "vmlinux", "second", 0 };
	w->sampling[0] = (struct watch_sampling){ cost, 1, 150 };
	w->sampling[1] = (struct watch_sampling){ cost, 4, 187 };
	for (int i = 0; i < 2; i++) {
		struct latency_counts *c = &w->ended[i].counts;

		/* What the trial saw before is not of the watch. */
		w->begun[i].counts.entries = w->begun[i].counts.taken = 77;
		c->entries = 10077;
		c->taken = 77 + 10000 / w->sampling[i].sample_every;
		c->returns = c->taken - 77;
		c->nanoseconds = c->returns * 1000;
	}
	w->vigil.functions.v = w->functions;
	w->vigil.functions.n = 2;
	w->vigil.targets = 1;
	w->vigil.wish.budget = 0.01;
	w->vigil.ways.sampling = w->sampling;
	w->vigil.edge[EDGE_BEGUN] = w->begun;
	w->vigil.edge[EDGE_ENDED] = w->ended;
}

static void says(const struct watched *w, const char *expected)
{
	struct strbuf out __cleanup_strbuf = { 0 };

	assert_null(vigil_cost(&w->vigil, &out));
	assert_string_equal(strbuf_str(&out), expected);
}

static void records(const struct watched *w, const char *expected)
{
	struct strbuf out __cleanup_strbuf = { 0 };
	struct json j = json_begin_compact(&out);

	json_object(&j, NULL);
	vigil_json_cost(&w->vigil, &j);
	json_end(&j);
	assert_null(json_finish(&j));
	assert_string_equal(strbuf_str(&out), expected);
}

static void test_what_a_call_costs_and_what_is_sampled_is_said(void **state)
{
	struct watched w;

	(void)state;
	prepare(&w);
	says(&w, "to be timed takes a call 100 ns; one call in 4 of second() is timed");
}

static void test_the_share_is_of_what_was_watched(void **state)
{
	struct watched w;

	(void)state;
	prepare(&w);
	/* 10000 * 100 + 2500 * 100 + 7500 * 40 ns, of 20000 * 900 */
	records(&w, "{\"cost\":{\"budget\":0.01,\"sample_every\":4,\"calls\":20000,"
		    "\"instructions_a_call\":187,\"share\":0.0861111111,\"ns_a_call\":77.5,"
		    "\"measured\":\"calibrated on this host, in a loop and where they are\"}}\n");
}

static void test_an_unknown_cost_is_no_figure(void **state)
{
	struct watched w;

	(void)state;
	prepare(&w);
	w.sampling[1].sample_every = 1;
	snprintf(w.vigil.ways.unknown, sizeof(w.vigil.ways.unknown), "no time here");
	says(&w, "not known: no time here; a call runs at most 187 instructions of BPF");
	records(&w, "{\"cost\":{\"budget\":0.01,\"sample_every\":1,\"calls\":20000,"
		    "\"instructions_a_call\":187,\"unknown\":\"no time here\"}}\n");
}

static void test_where_nobody_calls_there_is_no_share(void **state)
{
	struct watched w;

	(void)state;
	prepare(&w);
	w.vigil.edge[EDGE_ENDED] = w.begun;
	records(&w, "{\"cost\":{\"budget\":0.01,\"sample_every\":4,\"calls\":0,"
		    "\"instructions_a_call\":187,\"unknown\":\"no call was seen to end\"}}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_call_costs_and_what_is_sampled_is_said),
		cmocka_unit_test(test_the_share_is_of_what_was_watched),
		cmocka_unit_test(test_an_unknown_cost_is_no_figure),
		cmocka_unit_test(test_where_nobody_calls_there_is_no_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

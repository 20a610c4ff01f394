// SPDX-License-Identifier: GPL-2.0-or-later
/* Is memory lost with each run of the reproducer, more than without the patch? */
#include "trial/stage.h"

#define BLOCK_SECONDS 1.0
#define RUNS_MIN 40 /* fewer objects would hide in the slabs that are open */
#define RUNS_MAX 100
#define WITHOUT 3 /* samples, a block between two */
#define WITH 4
#define MORE 4 /* once it looks like a leak: what is freed late does not grow for ever */

/* As many runs as fit into a second, by the one that was measured. */
static unsigned int runs_in_block(const struct stage *s)
{
	double n = s->run_seconds > 0 ? BLOCK_SECONDS / s->run_seconds : RUNS_MAX;

	return n < RUNS_MIN ? RUNS_MIN : n > RUNS_MAX ? RUNS_MAX : (unsigned int)n;
}

/* Where the scenes before were left out, one run is measured here. */
static struct error *measure(struct stage *s)
{
	struct strbuf told __cleanup_strbuf = { 0 };
	enum run_ended ended;

	if (s->crashed)
		return error_new(ERROR_NOTHING, "without the patch the reproducer ends the kernel");
	if (s->run_seconds > 0)
		return NULL;
	TRY(stage_reproduce(s, &s->subject->reproducer.before, &ended, &told));
	return ended == RUN_CRASHED || ended == RUN_LATE
		       ? error_new(ERROR_NOTHING, "without the patch: %s", told.s)
		       : NULL;
}

static struct error *run_block(struct stage *s, unsigned int runs)
{
	const char *words = stage_reproducer_words(s);

	if (!words)
		return error_nomem();
	return stage_do(s, runs * s->subject->reproducer.timeout, NULL,
			"i=0; while [ $i -lt %u ]; do %s >/dev/null 2>&1; i=$((i + 1)); done; true",
			runs, words);
}

/* A block first that is not counted: caches fill, and what is made once is made. */
static struct error *sample_series(struct stage *s, unsigned int runs, struct memory_sample *to,
				   size_t n)
{
	for (size_t i = 0; i < n; i++) {
		TRY(run_block(s, runs));
		TRY(stage_sample_memory(s, &to[i]));
	}
	return NULL;
}

struct error *act_leak(struct stage *s)
{
	struct memory_sample without[WITHOUT], with[WITH + MORE];
	struct memory_series series = {
		.without = without, .with = with, .n_without = WITHOUT, .n_with = WITH
	};
	double limit = s->subject->transition_timeout;
	bool leaks;

	TRY(measure(s));
	series.runs = runs_in_block(s);
	TRY(sample_series(s, series.runs, without, WITHOUT));
	TRY(stage_free_modules(s));
	TRY(stage_agent(s, 120, NULL, "insert " MODULE));
	TRY(stage_agent(s, limit + 30, NULL, "await %s %.0f", s->payload->module, limit));
	TRY(stage_return_modules(s));
	TRY(stage_mark_log(s));
	TRY(sample_series(s, series.runs, with, WITH));
	TRY(memory_leaks(&series, &leaks, &s->seen));
	if (leaks) {
		TRY(sample_series(s, series.runs, with + WITH, MORE));
		series.n_with += MORE;
		strbuf_free(&s->seen);
		TRY(memory_leaks(&series, &leaks, &s->seen));
	}
	if (leaks)
		return error_new(ERROR_VERIFY, "it loses memory: %s", s->seen.s);
	return stage_check_log(s);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The planner and the judges of suture test: pure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/cleanup.h"
#include "trial/judge.h"
#include "trial/kernel_log.h"
#include "trial/plan.h"

/* --- the plan ----------------------------------------------------------------------- */

static struct plan plan_of(struct plan_facts f)
{
	struct plan p;

	plan_make(&f, &p);
	return p;
}

static void test_with_all_that_is_needed_everything_is_tried(void **state)
{
	struct plan p = plan_of((struct plan_facts){
		.has_reproducer = true, .modules = 1, .cpus = 2, .repeat = 3 });

	(void)state;
	for (int i = 0; i < PHASES; i++)
		assert_null(p.skip[i]);
}

static void test_what_is_not_tried_has_its_reason(void **state)
{
	struct plan p = plan_of((struct plan_facts){ .cpus = 1, .repeat = 0 });

	(void)state;
	assert_string_equal(p.skip[PHASE_BEFORE], "no reproducer was given");
	assert_string_equal(p.skip[PHASE_LEAK], "no reproducer was given");
	assert_non_null(strstr(p.skip[PHASE_CYCLES], "--repeat"));
	assert_non_null(strstr(p.skip[PHASE_HOTPLUG], "--repeat"));
	assert_non_null(strstr(p.skip[PHASE_RELOAD], "module"));
	assert_null(p.skip[PHASE_TRANSITION]);
	assert_null(p.skip[PHASE_LOG]);
	p = plan_of((struct plan_facts){ .cpus = 1, .repeat = 3 });
	assert_non_null(strstr(p.skip[PHASE_HOTPLUG], "--smp"));
	assert_null(p.skip[PHASE_CYCLES]);
}

static void test_only_one_scene_leaves_the_others_out_but_never_the_build(void **state)
{
	struct plan p = plan_of((struct plan_facts){ .has_reproducer = true,
						     .modules = 1,
						     .cpus = 2,
						     .repeat = 3,
						     .only = 1u << SCENE_LEAK });

	(void)state;
	assert_null(p.skip[PHASE_BUILD]);
	assert_null(p.skip[PHASE_LEAK]);
	assert_non_null(strstr(p.skip[PHASE_LOAD], "--only"));
	assert_non_null(strstr(p.skip[PHASE_CYCLES], "--only"));
}

static void test_names_of_phases_scenes_and_outcomes_go_both_ways(void **state)
{
	enum outcome o;
	enum phase p;
	enum scene s;

	(void)state;
	for (int i = 0; i < PHASES; i++) {
		assert_true(phase_find(phase_row((enum phase)i)->name, &p));
		assert_int_equal(p, i);
	}
	for (int i = 0; i < OUTCOMES; i++) {
		assert_true(outcome_find(outcome_name((enum outcome)i), &o));
		assert_int_equal(o, i);
	}
	for (int i = 0; i < SCENES; i++) {
		assert_true(scene_find(scene_name((enum scene)i), &s));
		assert_int_equal(s, i);
	}
	assert_false(phase_find("nothing", &p));
}

/* --- the verdict -------------------------------------------------------------------- */

static struct verdict judge(const struct phase_result *r, size_t n)
{
	struct phase_results all = { .v = { (struct phase_result *)r, n, n } };

	return verdict_of(&all);
}

static void test_passes_and_skips_are_healthy(void **state)
{
	const struct phase_result r[] = { { PHASE_BUILD, OUTCOME_PASS },
					  { PHASE_LEAK, OUTCOME_SKIP } };
	struct verdict v = judge(r, 2);

	(void)state;
	assert_int_equal(v.kind, VERDICT_HEALTHY);
	assert_null(v.cause);
	assert_int_equal(judge(r, 0).kind, VERDICT_ERROR);
}

static void test_each_way_to_go_wrong_has_its_own_verdict(void **state)
{
	static const struct {
		struct phase_result result;
		enum verdict_kind kind;
		const char *cause;
	} rows[] = {
		{ { PHASE_AFTER, OUTCOME_PANIC }, VERDICT_FAILED, "panic" },
		{ { PHASE_AFTER, OUTCOME_HANG }, VERDICT_FAILED, "hang" },
		{ { PHASE_TRANSITION, OUTCOME_FAIL }, VERDICT_FAILED, "transition" },
		{ { PHASE_BEFORE, OUTCOME_INCONCLUSIVE }, VERDICT_INCONCLUSIVE, "reproducer" },
		{ { PHASE_AFTER, OUTCOME_FAIL }, VERDICT_FAILED, "reproducer" },
		{ { PHASE_LEAK, OUTCOME_FAIL }, VERDICT_FAILED, "leak" },
		{ { PHASE_LOG, OUTCOME_FAIL }, VERDICT_FAILED, "warning" },
		{ { PHASE_PROOF, OUTCOME_FAIL }, VERDICT_FAILED, "redirect-lost" },
		{ { PHASE_BUILD, OUTCOME_REFUSED }, VERDICT_REFUSED, "refused" },
		{ { PHASE_BUILD, OUTCOME_NOTHING }, VERDICT_NOTHING, "no change" },
		{ { PHASE_BOOT, OUTCOME_ERROR }, VERDICT_ERROR, "boot" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct phase_result r[] = { { PHASE_LOAD, OUTCOME_PASS },
					    rows[i].result,
					    { PHASE_EARLY, OUTCOME_SKIP } };
		struct verdict v = judge(r, 3);

		assert_int_equal(v.kind, rows[i].kind);
		assert_string_equal(v.cause, rows[i].cause);
		assert_ptr_equal(v.result, &r[1]);
	}
}

static void test_the_worst_result_decides_and_of_equals_the_first(void **state)
{
	const struct phase_result r[] = { { PHASE_BEFORE, OUTCOME_INCONCLUSIVE },
					  { PHASE_AFTER, OUTCOME_FAIL },
					  { PHASE_LEAK, OUTCOME_FAIL },
					  { PHASE_CYCLES, OUTCOME_ERROR } };
	const struct phase_result panic[] = { { PHASE_AFTER, OUTCOME_FAIL },
					      { PHASE_REVERT, OUTCOME_PANIC } };

	(void)state;
	assert_ptr_equal(judge(r, 4).result, &r[1]);
	assert_int_equal(judge(r, 4).kind, VERDICT_FAILED);
	assert_string_equal(judge(panic, 2).cause, "panic");
}

static void test_one_exit_code_speaks_for_all_kernels(void **state)
{
	static const struct {
		enum verdict_kind kinds[2];
		int code;
	} rows[] = {
		{ { VERDICT_HEALTHY, VERDICT_HEALTHY }, 0 },
		{ { VERDICT_HEALTHY, VERDICT_REFUSED }, 0 },
		{ { VERDICT_NOTHING, VERDICT_HEALTHY }, 0 },
		{ { VERDICT_REFUSED, VERDICT_REFUSED }, 4 },
		{ { VERDICT_NOTHING, VERDICT_REFUSED }, 4 },
		{ { VERDICT_NOTHING, VERDICT_NOTHING }, 3 },
		{ { VERDICT_HEALTHY, VERDICT_INCONCLUSIVE }, 6 },
		{ { VERDICT_ERROR, VERDICT_INCONCLUSIVE }, 1 },
		{ { VERDICT_ERROR, VERDICT_FAILED }, 5 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(verdict_exit_code(rows[i].kinds, 2), rows[i].code);
}

/* --- the kernel's log --------------------------------------------------------------- */

static void test_what_livepatching_itself_says_is_no_complaint(void **state)
{
	const char *line;

	(void)state;
	assert_false(kernel_log_complains(
		"[    9.1] suture_x: loading out-of-tree module taints kernel.\n"
		"[    9.2] livepatch: enabling patch 'suture_x'\n"
		"[    9.3] livepatch: 'suture_x': starting patching transition\n"
		"[   10.1] livepatch: 'suture_x': patching complete\n"
		"[   11.0] smpboot: CPU 1 is now offline\n",
		NULL, 0, &line));
}

static void test_a_complaint_is_found_with_its_line(void **state)
{
	static const char *const lines[] = {
		"[ 9.1] WARNING: CPU: 0 PID: 1 at mm/slab.c:1 f+0x1/0x2",
		"[ 9.1] BUG: kernel NULL pointer dereference, address: 0000000000000000",
		"[ 9.1] rcu: INFO: rcu_preempt self-detected stall on CPU",
		"[ 9.1] watchdog: BUG: soft lockup - CPU#0 stuck for 23s!",
		"[ 9.1] WARNING: possible circular locking dependency detected",
		"[ 9.1] INFO: task sh:12 blocked for more than 120 seconds.",
		"[ 9.1] general protection fault, probably for non-canonical address",
		"[ 9.1] kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)",
	};
	char text[400];
	const char *line;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		snprintf(text, sizeof(text), "[ 9.0] all is well\n%s\n[ 9.2] more\n", lines[i]);
		assert_true(kernel_log_complains(text, NULL, 0, &line));
		assert_memory_equal(line, lines[i], strlen(lines[i]));
	}
}

static void test_a_complaint_that_the_fix_announces_is_none(void **state)
{
	static const char text[] = "[1] WARNING: at f\n[2] BUG: at g\n";
	const char *const allowed[] = { "WARNING: at f" };
	const char *line;

	(void)state;
	assert_true(kernel_log_complains(text, allowed, 1, &line));
	assert_true(!strncmp(line, "[2]", 3));
}

static void test_taint_beyond_livepatching_is_named(void **state)
{
	struct strbuf out __cleanup_strbuf = { 0 };

	(void)state;
	/* O, E, K are ours; W was there before. */
	assert_null(kernel_taint_new(1 << 9, 1 << 9 | 1 << 12 | 1 << 13 | 1 << 15, &out));
	assert_int_equal(out.n, 0);
	assert_null(kernel_taint_new(0, 1 << 7 | 1 << 9 | 1 << 15, &out));
	assert_string_equal(out.s, "the kernel died (D), warning (W)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_all_that_is_needed_everything_is_tried),
		cmocka_unit_test(test_what_is_not_tried_has_its_reason),
		cmocka_unit_test(test_only_one_scene_leaves_the_others_out_but_never_the_build),
		cmocka_unit_test(test_names_of_phases_scenes_and_outcomes_go_both_ways),
		cmocka_unit_test(test_passes_and_skips_are_healthy),
		cmocka_unit_test(test_each_way_to_go_wrong_has_its_own_verdict),
		cmocka_unit_test(test_the_worst_result_decides_and_of_equals_the_first),
		cmocka_unit_test(test_one_exit_code_speaks_for_all_kernels),
		cmocka_unit_test(test_what_livepatching_itself_says_is_no_complaint),
		cmocka_unit_test(test_a_complaint_is_found_with_its_line),
		cmocka_unit_test(test_a_complaint_that_the_fix_announces_is_none),
		cmocka_unit_test(test_taint_beyond_livepatching_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

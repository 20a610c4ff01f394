// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The proof against a running kernel, with livepatches made by hand (tests/vm/fixtures): the
 * whole life of a patch, misses, a module's functions of one name, and the known way to undo a
 * livepatch while sysfs says that all is well. timeout: 600 s
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "base/json_read.h"
#include "base/subprocess.h"
#include "tests/lab/lab.h"

static struct lab lab;
static struct vm *vm;
static struct strbuf out;
static int status;

static void ok(struct error *e)
{
	if (e)
		fail_msg("%s", error_message(e));
}

/* Run a line in the guest, and demand an exit status. */
static const char *run(int want, const char *command)
{
	strbuf_free(&out);
	ok(vm_run(vm, command, 60, &out, &status));
	if (status != want)
		fail_msg("'%s' ended with %d, not %d: %s", command, status, want, strbuf_str(&out));
	return strbuf_str(&out);
}

/* --- the guest -----------------------------------------------------------------*/

static struct error *make_fixtures(void)
{
	char *m = arena_printf(&lab.arena, "M=%s", lab.dir.path);
	char *cc = arena_printf(&lab.arena, "CC=%s", lab.target->compiler);
	struct subprocess copy = { .argv = subprocess_words("cp", "-r", "tests/vm/fixtures/.",
							    lab.dir.path) };
	struct subprocess modules = { .argv = subprocess_words("make", "-s", "-C", lab.target->tree,
							       m, cc, "modules"),
				      .env = subprocess_words("MAKEFLAGS=", "MAKELEVEL="),
				      .timeout = 300 };
	struct subprocess programs = {
		.argv = subprocess_words(
			"sh", "-c",
			"clang -target bpf -g -O2 -I/usr/include/x86_64-linux-gnu -c latency.bpf.c "
			"-o latency.o && cc -D_GNU_SOURCE -O2 -o latency latency.c -lbpf"),
		.cwd = lab.dir.path,
		.timeout = 120,
	};

	if (!m || !cc)
		return error_nomem();
	TRY(subprocess_check(&copy));
	TRY(subprocess_check(&modules));
	return subprocess_check(&programs);
}

static struct error *boot(void)
{
	static const char *const names[] = { "klp_cmdline.ko", "klp_twins.ko", "nested_hit.ko",
					     "twins.ko",       "latency",      "latency.o" };
	const char *files[ARRAY_SIZE(names) + 2] = { 0 };
	struct vm_options opt = { .kernel = lab.target->vmlinuz, .files = files };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		files[i] = arena_printf(&lab.arena, "%s/%s=/%s", lab.dir.path, names[i], names[i]);
	files[ARRAY_SIZE(names)] = arena_printf(&lab.arena, "%s=/bin/suture", lab.suture);
	for (size_t i = 0; i <= ARRAY_SIZE(names); i++)
		if (!files[i])
			return error_nomem();
	return vm_boot(&opt, &vm);
}

static struct error *begin(void)
{
	TRY(lab_open(&lab, "tests/vm/fixes.list"));
	error_free(&(struct error *){ target_open(lab.target_name, &lab.target) });
	if (!lab.target)
		TRY(target_add(lab.target_name, &lab.target));
	TRY(make_fixtures());
	return boot();
}

static int prepare(void **state)
{
	struct error *e __cleanup_error = begin();

	(void)state;
	if (e)
		print_error("%s\n", error_message(e));
	return e ? -1 : 0;
}

static int tidy(void **state)
{
	(void)state;
	vm_stop(&vm);
	lab_close(&lab);
	strbuf_free(&out);
	return 0;
}

/* --- asking the session --------------------------------------------------------*/

static const struct json_value *member(const char *object, const char *name)
{
	const struct json_value *root = NULL, *v;
	const char *line = strchr(strbuf_str(&out), '{');

	assert_non_null(line);
	ok(json_parse(line, strcspn(line, "\n"), &lab.arena, &root));
	v = json_member(object ? json_member(root, object) : root, name);
	if (!v)
		fail_msg("no %s in %s", name, line);
	return v;
}

static uint64_t counted(const char *name)
{
	return member("counts", name)->u64;
}

/* Read the proof, and demand its state and the exit status of this. */
static void expect_state(const char *session, const char *state, int exit_status)
{
	const char *line = arena_printf(
		&lab.arena, "suture verify --ask %s read --json --require exercised", session);

	run(exit_status, line);
	assert_string_equal(member(NULL, "state")->string, state);
}

static void expect_counts(uint64_t old_body, uint64_t new_entry, uint64_t missed)
{
	assert_int_equal(counted("old_body"), old_body);
	assert_int_equal(counted("new_entry"), new_entry);
	assert_int_equal(counted("missed"), missed);
}

static void load(const char *name)
{
	run(0, arena_printf(&lab.arena,
			    "insmod /%s.ko && for i in $(seq 600); do "
			    "[ $(cat /sys/kernel/livepatch/%s/transition) = 0 ] && exit 0; "
			    "sleep 0.1; done; exit 1",
			    name, name));
}

static void revert(const char *name)
{
	run(0, arena_printf(&lab.arena,
			    "echo 0 > /sys/kernel/livepatch/%s/enabled; for i in $(seq 600); do "
			    "[ -e /sys/kernel/livepatch/%s ] || break; sleep 0.1; done; rmmod %s",
			    name, name, name));
}

#define ASK "suture verify --ask /s "

/* --- the life of a patch: each test goes on from the one before -----------------*/

static void test_before_the_patch_the_old_body_runs_at_each_call(void **state)
{
	const char *address;

	(void)state;
	run(0, "suture verify --session /s --patch klp_cmdline --function cmdline_proc_show");
	run(0, ASK "mark; cat /proc/cmdline /proc/cmdline");
	run(5, ASK "read");
	run(0, ASK "read --json --require not-patched");
	assert_string_equal(member(NULL, "state")->string, "not patched");
	expect_counts(2, 0, 0);
	assert_true(member("structural", "text_read")->truth);
	assert_false(member("structural", "site_redirected")->truth);
	assert_false(member("structural", "registered")->truth);
	address = arena_printf(&lab.arena, "0x%s", member("structural", "site")->string + 2);
	assert_string_equal(run(0, "echo 0x$(grep ' cmdline_proc_show$' /proc/kallsyms | "
				   "cut -d' ' -f1)"),
			    arena_printf(&lab.arena, "%s\n", address));
}

static void test_what_nobody_calls_is_in_place_and_not_exercised(void **state)
{
	(void)state;
	load("klp_cmdline");
	run(0, ASK "attach-new && " ASK "mark && " ASK "read");
	expect_state("/s", "in place", 6);
	expect_counts(0, 0, 0);
	assert_true(member("structural", "site_redirected")->truth);
	assert_true(member("structural", "registered")->truth);
}

static void test_entries_of_the_new_function_equal_the_calls_made(void **state)
{
	(void)state;
	assert_string_equal(run(0, "for i in 1 2 3 4 5 6 7; do cat /proc/cmdline; done | uniq -c | "
				   "sed 's/^ *//'"),
			    "7 patched\n");
	expect_state("/s", "exercised", 0);
	expect_counts(0, 7, 0);
	run(0, ASK "mark");
	expect_state("/s", "in place", 6);
}

static void test_a_missed_hit_voids_the_zero(void **state)
{
	(void)state;
	run(0, "insmod /nested_hit.ko "
	       "target=0x$(grep ' cmdline_proc_show$' /proc/kallsyms | cut -d' ' -f1)");
	run(0, ASK "mark; cat /proc/cmdline /proc/version");
	expect_state("/s", "in place", 6);
	expect_counts(0, 1, 1);
	assert_non_null(strstr(member(NULL, "trouble")->string, "missed"));
	run(0, "rmmod nested_hit; " ASK "mark; cat /proc/cmdline");
	expect_state("/s", "exercised", 0);
}

static void test_a_probe_that_someone_switched_off_voids_the_zero(void **state)
{
	(void)state;
	run(0, ASK "mark; echo 0 >/sys/kernel/debug/kprobes/enabled; cat /proc/cmdline");
	expect_state("/s", "in place", 6);
	assert_non_null(strstr(member(NULL, "trouble")->string, "gone or disabled"));
	run(0, "echo 1 >/sys/kernel/debug/kprobes/enabled; " ASK "mark; cat /proc/cmdline");
	expect_state("/s", "exercised", 0);
}

static void test_an_entry_program_alone_leaves_the_redirect_in_place(void **state)
{
	(void)state;
	run(0, ASK "mark; /latency /latency.o at_entry >/lat & for i in $(seq 600); do "
		   "grep -q attached /lat && exit 0; sleep 0.1; done; exit 1");
	expect_state("/s", "in place", 6);
	assert_non_null(strstr(member(NULL, "trouble")->string, "BPF trampoline"));
	assert_string_equal(run(0, "cat /proc/cmdline"), "patched\n");
	expect_state("/s", "exercised", 0);
	run(0, "kill $(pidof latency); while pidof latency; do sleep 0.1; done");
}

static void test_after_the_revert_the_old_body_runs_again(void **state)
{
	(void)state;
	revert("klp_cmdline");
	run(0, ASK "mark; cat /proc/cmdline");
	expect_state("/s", "not patched", 5);
	expect_counts(1, 0, 0);
	assert_false(member("structural", "site_redirected")->truth);
}

static void test_a_patch_that_is_loaded_anew_is_counted_again(void **state)
{
	(void)state;
	load("klp_cmdline");
	run(0, ASK "attach-new; " ASK "mark; cat /proc/cmdline /proc/cmdline");
	expect_state("/s", "exercised", 0);
	expect_counts(0, 2, 0);
}

static void test_counts_from_before_the_transition_prove_nothing_either_way(void **state)
{
	(void)state;
	revert("klp_cmdline");
	run(0, ASK "mark; cat /proc/cmdline");
	load("klp_cmdline");
	run(0, "cat /proc/cmdline");
	expect_state("/s", "in place", 6);
	expect_counts(1, 1, 0);
	assert_non_null(strstr(member(NULL, "trouble")->string, "before the transition"));
}

static void test_verify_once_counts_for_a_while_and_tells(void **state)
{
	const char *said;

	(void)state;
	said = run(0, "(while :; do cat /proc/cmdline; done >/dev/null) & "
		      "suture verify --patch klp_cmdline --function cmdline_proc_show --seconds 1 "
		      "--require exercised; s=$?; kill $!; exit $s");
	assert_non_null(strstr(said, "exercised"));
	run(1, "suture verify --patch klp_cmdline --function no_such_function");
	run(1, "suture verify --patch no_patch --function cmdline_proc_show --seconds 0");
	run(2, "suture verify --patch klp_cmdline");
}

static void test_an_ended_session_leaves_no_probe(void **state)
{
	(void)state;
	run(0, ASK "quit; while [ -e /s ]; do sleep 0.1; done");
	assert_string_equal(run(0, "for i in $(seq 100); do n=$(wc -l "
				   "</sys/kernel/tracing/kprobe_events); [ $n = 0 ] && break; "
				   "sleep 0.1; done; echo $n"),
			    "0\n");
	run(1, ASK "read");
}

/* A session that is killed leaves its events to the next one, which removes them. */
static void test_what_a_killed_session_left_is_removed_by_the_next(void **state)
{
	(void)state;
	run(0, "suture verify --session /s --patch klp_cmdline --function cmdline_proc_show; "
	       "kill -9 $(pidof suture); while pidof suture; do sleep 0.1; done");
	assert_string_equal(run(0, "wc -l </sys/kernel/tracing/kprobe_events"), "1\n");
	run(0, "suture verify --session /s --patch klp_cmdline --function cmdline_proc_show");
	assert_string_equal(run(0, "wc -l </sys/kernel/tracing/kprobe_events"), "1\n");
}

/* --- a module -------------------------------------------------------------------*/

static void test_one_of_two_functions_of_a_name_is_watched_by_its_position(void **state)
{
	(void)state;
	run(0, "insmod /twins.ko");
	run(4, "suture verify --session /t --patch klp_twins --function twins:twin_show");
	assert_non_null(strstr(strbuf_str(&out), "2 symbols of twins are named twin_show"));
	run(1, "suture verify --session /t --patch klp_twins --function twins:twin_show,3");
	run(0, "suture verify --session /t --patch klp_twins --function twins:twin_show,2");
	run(0, "suture verify --ask /t mark; cat /proc/twin_a /proc/twin_b");
	expect_state("/t", "not patched", 5);
	expect_counts(1, 0, 0);
	load("klp_twins");
	run(0, "suture verify --ask /t attach-new; suture verify --ask /t mark");
	assert_string_equal(run(0, "cat /proc/twin_a /proc/twin_b /proc/twin_b"),
			    "a\npatched\npatched\n");
	expect_state("/t", "exercised", 0);
	expect_counts(0, 2, 0);
	run(0, "rmmod twins");
	expect_state("/t", "not patched", 5);
	assert_non_null(strstr(member(NULL, "trouble")->string, "not loaded"));
	run(0, "insmod /twins.ko");
	assert_string_equal(run(0, "cat /proc/twin_b"), "patched\n");
	run(1, "suture verify --ask /t read");
	assert_non_null(strstr(strbuf_str(&out), "loaded anew"));
	run(0, "suture verify --ask /t quit; while [ -e /t ]; do sleep 0.1; done; "
	       "suture verify --session /t --patch klp_twins --function twins:twin_show,2; "
	       "suture verify --ask /t attach-new; suture verify --ask /t mark; cat /proc/twin_b");
	expect_state("/t", "exercised", 0);
	revert("klp_twins");
	run(0, "suture verify --ask /t mark; cat /proc/twin_b");
	expect_state("/t", "not patched", 5);
	expect_counts(1, 0, 0);
	run(0, "suture verify --ask /t quit");
}

/* --- lost: the last, for ftrace does not come back ------------------------------*/

static void test_a_redirect_undone_by_a_latency_tool_is_lost_whatever_sysfs_says(void **state)
{
	(void)state;
	run(0, ASK "attach-new; " ASK "mark; cat /proc/cmdline");
	expect_state("/s", "exercised", 0);
	run(0, ASK "mark; /latency /latency.o at_entry at_exit >/lat & for i in $(seq 600); do "
		   "grep -q attached /lat && exit 0; sleep 0.1; done; exit 1");
	run(0, "! grep -q patched /proc/cmdline");
	assert_string_equal(run(0, "cat /sys/kernel/livepatch/klp_cmdline/enabled "
				   "/sys/kernel/livepatch/klp_cmdline/transition"),
			    "1\n0\n");
	expect_state("/s", "lost", 5);
	expect_counts(1, 0, 0);
	assert_true(member("sysfs", "enabled")->truth);
	assert_false(member("structural", "registered")->truth);
	/* The tool goes, the loss stays. */
	run(0, "kill $(pidof latency); while pidof latency; do sleep 0.1; done; " ASK "mark");
	expect_state("/s", "lost", 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before_the_patch_the_old_body_runs_at_each_call),
		cmocka_unit_test(test_what_nobody_calls_is_in_place_and_not_exercised),
		cmocka_unit_test(test_entries_of_the_new_function_equal_the_calls_made),
		cmocka_unit_test(test_a_missed_hit_voids_the_zero),
		cmocka_unit_test(test_a_probe_that_someone_switched_off_voids_the_zero),
		cmocka_unit_test(test_an_entry_program_alone_leaves_the_redirect_in_place),
		cmocka_unit_test(test_after_the_revert_the_old_body_runs_again),
		cmocka_unit_test(test_a_patch_that_is_loaded_anew_is_counted_again),
		cmocka_unit_test(test_counts_from_before_the_transition_prove_nothing_either_way),
		cmocka_unit_test(test_verify_once_counts_for_a_while_and_tells),
		cmocka_unit_test(test_an_ended_session_leaves_no_probe),
		cmocka_unit_test(test_what_a_killed_session_left_is_removed_by_the_next),
		cmocka_unit_test(test_one_of_two_functions_of_a_name_is_watched_by_its_position),
		cmocka_unit_test(
			test_a_redirect_undone_by_a_latency_tool_is_lost_whatever_sysfs_says),
	};

	return cmocka_run_group_tests(tests, prepare, tidy);
}

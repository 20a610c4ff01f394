// SPDX-License-Identifier: GPL-2.0-or-later
/* From facts to findings: what each fact means for applying a bundle, and the exit status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "flow/check.h"
#include "flow/check_running.h"
#include "flow/host.h"
#include "livepatch/kernel_said.h"
#include "livepatch/load.h"

static void ok(struct error *e)
{
	if (e)
		fail_msg("%s", error_message(e));
}

/* A host on which all is well: each row changes one thing. */
struct world {
	struct check_facts f;
	struct bundle bundle;
	struct bundle_payload payload;
	struct bundle_function function;
	struct live_patch other;
	struct check_live known;
	struct blocker task;
	const char *names[1];
};

static void well(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->function = (struct bundle_function){ .object = "vmlinux", .name = "f" };
	w->payload.module = "suture_fix";
	w->bundle.name = "fix";
	w->other = (struct live_patch){ .name = "theirs", .enabled = true };
	w->known = (struct check_live){ "first", "suture_first" };
	w->f = (struct check_facts){ .root = true,
				     .bundle = &w->bundle,
				     .payload = &w->payload,
				     .vermagic = "6.12.1 SMP",
				     .running_vermagic = "6.12.1 SMP",
				     .crcs_known = true,
				     .crcs = 3,
				     .blockers_known = true,
				     .live = { .supported = true } };
	strcpy(w->f.kernel.release, "6.12.1");
	w->f.kernel.lockdown = LOCKDOWN_NONE;
	ok(vec_push(&w->f.functions, (struct check_function){ .f = &w->function,
							      .object_present = true,
							      .symbol_known = true,
							      .symbol_present = true,
							      .sites_known = true,
							      .site_present = true,
							      .hooks_known = true,
							      .text = TEXT_AGREES }));
}

static void as_it_is(struct world *w)
{
	(void)w;
}
static void no_payload(struct world *w)
{
	w->f.payload = NULL;
	w->f.functions.n = 0;
}
static void no_livepatch(struct world *w)
{
	w->f.live.supported = false;
}
static void modules_disabled(struct world *w)
{
	w->f.kernel.modules_disabled = true;
}
static void other_vermagic(struct world *w)
{
	w->f.vermagic = "6.12.10 SMP";
}
static void other_config(struct world *w)
{
	w->f.running_vermagic = "6.12.1 SMP preempt";
}
static void other_crc(struct world *w)
{
	ok(vec_push(&w->f.crc_trouble, (struct check_crc){ "printk", 1, 2 }));
}
static void unknown_crc(struct world *w)
{
	w->f.crcs_known = false;
}
static void locked_down(struct world *w)
{
	w->f.kernel.lockdown = LOCKDOWN_INTEGRITY;
}
static void locked_down_signed(struct world *w)
{
	locked_down(w);
	w->f.is_signed = true;
}
static void sig_enforce(struct world *w)
{
	w->f.kernel.sig_enforce = true;
}
static void loops(struct world *w)
{
	w->f.stuck_known = true;
	w->f.stuck.cpu = -1;
	ok(vec_push(&w->f.stuck.v,
		    (struct stuck_task){
			    .pid = 7, .tid = 7, .comm = "t", .in = "g", .certain = true }));
}
static void loops_it_seems(struct world *w)
{
	loops(w);
	w->f.stuck.v.v[0].certain = false;
	w->f.stuck.v.v[0].in = NULL;
}
static void cpu_is_stuck(struct world *w)
{
	w->f.stuck_known = true;
	w->f.stuck.cpu = 3;
}
static void policy_says_no(struct world *w)
{
	w->f.policy = error_new(ERROR_POLICY, "nobody signed it");
}
static void live_already(struct world *w)
{
	w->f.livepatch_of_name = w->f.same_digest = true;
	w->other.name = "suture_fix";
	ok(vec_push(&w->f.live.patches, w->other));
	/* Whatever else is found then. */
	ok(vec_push(&w->f.at_load_present, "m"));
}
static void same_name(struct world *w)
{
	w->f.livepatch_of_name = true;
}
static void kernel_has_it(struct world *w)
{
	w->bundle.facts.fixed_in = "6.12.1-1";
	w->f.has_fix = true;
}
static void requires(struct world *w)
{
	ok(vec_push(&w->bundle.facts.requires.v, "first"));
}
static void requires_live(struct world *w)
{
	requires(w);
	ok(vec_push(&w->f.known, w->known));
}
static void conflicts(struct world *w)
{
	ok(vec_push(&w->bundle.facts.conflicts.v, "first"));
	ok(vec_push(&w->f.known, w->known));
}
static void in_transition(struct world *w)
{
	w->other.transition = true;
	ok(vec_push(&w->f.live.patches, w->other));
}
static void stacked(struct world *w)
{
	ok(vec_push(&w->f.live.patches, w->other));
	w->f.functions.v[0].other = "theirs";
}
static void replaces_others(struct world *w)
{
	w->payload.replace = true;
	ok(vec_push(&w->f.live.patches, w->other));
}
static void at_load_present(struct world *w)
{
	ok(vec_push(&w->f.at_load_present, "fuse"));
}
static void text_differs(struct world *w)
{
	w->f.functions.v[0].text = TEXT_DIFFERS;
	w->f.functions.v[0].text_why = "at +0x1 it has 90, not 55";
}
static void text_closed(struct world *w)
{
	w->f.functions.v[0].text = TEXT_NOT_CHECKED;
	w->f.functions.v[0].text_why = "/proc/kcore: Operation not permitted";
}
static void no_symbol(struct world *w)
{
	w->f.functions.v[0].symbol_present = false;
}
static void no_site(struct world *w)
{
	w->f.functions.v[0].site_present = false;
}
static void module_absent(struct world *w)
{
	w->f.functions.v[0].object_present = false;
}
static void foreign_redirect(struct world *w)
{
	w->f.functions.v[0].hooks.redirects = true;
}
static void trampoline(struct world *w)
{
	w->f.functions.v[0].hooks.direct = true;
}
static void trampoline_on_6_1(struct world *w)
{
	trampoline(w);
	strcpy(w->f.kernel.release, "6.1.0");
	w->f.vermagic = w->f.running_vermagic = "6.1.0 SMP";
}
static void kprobe(struct world *w)
{
	w->f.functions.v[0].kprobes = 1;
	w->f.functions.v[0].kprobe = "f+0x0";
}
static void blocked(struct world *w)
{
	w->task = (struct blocker){
		.pid = 1, .tid = 1, .comm = "t", .state = 'S', .pinned = "f+0x1/0x2"
	};
	ok(vec_push(&w->f.blockers.v, w->task));
}
static void panics(struct world *w)
{
	w->f.kernel.panic_on_oops = true;
}
static void no_guard(struct world *w)
{
	w->f.guard_wanted = true;
}

static const struct row {
	void (*change)(struct world *w);
	enum error_kind status;
	enum finding_level level; /* of a finding that says: */
	const char *words;
} rows[] = {
	{ as_it_is, 0, FINDING_OK, "the running text of 1 function is what" },
	{ no_payload, ERROR_REFUSED, FINDING_REFUSED, "no payload for 6.12.1" },
	{ no_livepatch, ERROR_REFUSED, FINDING_REFUSED, "has no livepatches" },
	{ modules_disabled, ERROR_REFUSED, FINDING_REFUSED, "modules_disabled" },
	{ other_vermagic, ERROR_REFUSED, FINDING_REFUSED, "built for \"6.12.10 SMP\"" },
	{ other_config, ERROR_REFUSED, FINDING_REFUSED, "preempt" },
	{ other_crc, ERROR_REFUSED, FINDING_REFUSED, "printk has the version 0x00000002 here" },
	{ unknown_crc, 0, FINDING_NOTE, "could not be read" },
	{ locked_down, ERROR_POLICY, FINDING_POLICY, "(lockdown)" },
	{ locked_down_signed, 0, FINDING_NOTE, "this one is signed" },
	{ sig_enforce, ERROR_POLICY, FINDING_POLICY, "(sig_enforce)" },
	{ policy_says_no, ERROR_POLICY, FINDING_POLICY, "nobody signed it" },
	{ live_already, ERROR_NOTHING, FINDING_NOTHING, "live already" },
	{ same_name, ERROR_REFUSED, FINDING_REFUSED, "is not from this bundle" },
	{ kernel_has_it, ERROR_NOTHING, FINDING_NOTHING, "which has the fix itself" },
	{ requires, ERROR_REFUSED, FINDING_REFUSED, "needs the fix first" },
	{ requires_live, 0, FINDING_OK, "text" },
	{ conflicts, ERROR_REFUSED, FINDING_REFUSED, "together with first" },
	{ in_transition, ERROR_REFUSED, FINDING_REFUSED, "theirs is in transition" },
	{ stacked, 0, FINDING_NOTE, "theirs patches f, too" },
	{ replaces_others, 0, FINDING_WARNING, "not all are suture's" },
	{ at_load_present, ERROR_REFUSED, FINDING_REFUSED, "fuse is loaded" },
	{ text_differs, ERROR_REFUSED, FINDING_REFUSED, "at +0x1" },
	{ text_closed, 0, FINDING_NOTE, "instead: its symbol is there, and ftrace knows" },
	{ no_symbol, ERROR_REFUSED, FINDING_REFUSED, "no function f" },
	{ no_site, ERROR_REFUSED, FINDING_REFUSED, "ftrace can hook" },
	{ module_absent, 0, FINDING_NOTE, "not loaded" },
	{ foreign_redirect, ERROR_REFUSED, FINDING_REFUSED, "EBUSY" },
	{ trampoline, 0, FINDING_NOTE, "BPF trampoline" },
	{ trampoline_on_6_1, 0, FINDING_WARNING, "silently undoes" },
	{ kprobe, 0, FINDING_NOTE, "a kprobe sits at f+0x0" },
	{ blocked, 0, FINDING_WARNING, "t (process 1) sleeps in f" },
	{ loops, ERROR_REFUSED, FINDING_REFUSED, "t (process 7) runs in the kernel, in g," },
	{ loops_it_seems, 0, FINDING_WARNING, "t (process 7) runs in the kernel as it seems" },
	{ cpu_is_stuck, ERROR_REFUSED, FINDING_REFUSED, "a turn on CPU 3" },
	{ panics, 0, FINDING_WARNING, "panic_on_oops is set" },
	{ no_guard, 0, FINDING_WARNING, "a process keeps the deadline" },
};

static void world_free(struct world *w)
{
	vec_free(&w->bundle.facts.requires.v);
	vec_free(&w->bundle.facts.conflicts.v);
	check_facts_free(&w->f);
}

static bool says(const struct findings *f, const struct row *row)
{
	vec_for_each(&f->v, it)
		if (it->level == row->level && strstr(it->what, row->words))
			return true;
	return false;
}

static void each_fact_has_its_finding_and_its_exit_status(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct world w __cleanup(world_free);
		struct findings f __cleanup_findings = { 0 };
		struct strbuf all __cleanup_strbuf = { 0 };
		struct error *e __cleanup_error = NULL;

		well(&w);
		rows[i].change(&w);
		ok(check_judge(&w.f, &f));
		ok(findings_print(&f, true, &all));
		e = findings_error(&f);
		if ((e ? error_kind(e) : 0) != rows[i].status || !says(&f, &rows[i]))
			fail_msg("row %zu ends with %d:\n%s", i, e ? (int)error_kind(e) : 0, all.s);
	}
}

static void masked_code_is_compared_but_for_what_is_masked(void **state)
{
	static const uint8_t bytes[] = { 0x0f, 0x1f, 0x55, 0xe8 };
	size_t at = 9;

	(void)state;
	assert_true(masked_code_agrees("....55e8", bytes, 4, &at));
	assert_int_equal(masked_code_fixed("....55e8"), 2);
	assert_false(masked_code_agrees("....54e8", bytes, 4, &at));
	assert_int_equal(at, 2);
	assert_int_equal(masked_code_fixed("..g5"), -1);
}

/* At +1 one that is optimised, at +7 a trap, at +8 one that ftrace carries, and others elsewhere.
 */
static void what_a_kprobe_wrote_is_not_compared(void **state)
{
	static const char list[] = "ffffffff81000ff0  k  other+0x0    [DISABLED]\n"
				   "ffffffff81001001  k  f+0x1    [OPTIMIZED]\n"
				   "ffffffff81001007  k  f+0x7  \n"
				   "ffffffff81001008  k  f+0x8    [FTRACE]\n"
				   "ffffffff81001009  k  next+0x0  \n";
	static const char code[] = "90415455..535d5bc3";
	const uint8_t written[9] = { 0x90, 0xe9, 1, 2, 3, 4, 0x5d, 0xcc, 0xc3 };
	uint8_t bytes[9];
	size_t at;

	(void)state;
	memcpy(bytes, written, 9);
	assert_false(masked_code_agrees(code, bytes, 9, &at));
	assert_int_equal(masked_code_lift(code, NULL, 0xffffffff81001000, bytes, 9), 0);
	assert_memory_equal(bytes, written, 9);
	/* Five bytes of the jump, of which one is masked, and one of the trap. */
	assert_int_equal(masked_code_lift(code, list, 0xffffffff81001000, bytes, 9), 5);
	assert_true(masked_code_agrees(code, bytes, 9, &at));
	/* A jump that no kprobe is known to have written is another code. */
	memcpy(bytes, written, 9);
	assert_int_equal(masked_code_lift(code, list, 0xffffffff81002000, bytes, 9), 0);
	assert_false(masked_code_agrees(code, bytes, 9, &at));
}

static void what_the_kernel_says_of_a_module_gets_its_meaning(void **state)
{
	static const struct {
		int err;
		enum error_kind kind;
	} errors[] = { { 126, ERROR_POLICY }, { 129, ERROR_POLICY }, { 8, ERROR_REFUSED },
		       { 2, ERROR_REFUSED },  { 16, ERROR_REFUSED }, { 5, ERROR_FAILED } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		struct error *e __cleanup_error =
			load_explain(errors[i].err, "m.ko", "one\ntwo\nthree\nfour\n");

		assert_int_equal(error_kind(e), errors[i].kind);
		assert_non_null(strstr(error_advice(e), "two\nthree\nfour"));
		assert_null(strstr(error_advice(e), "one"));
	}
}

static void records_of_the_kernels_log_are_cut(void **state)
{
	static const char record[] = "6,339,5140900,-;m: disagrees\n DEVICE=x\n";
	const char *text;

	(void)state;
	assert_int_equal(kernel_said_text(record, sizeof(record) - 1, &text), 12);
	assert_memory_equal(text, "m: disagrees", 12);
	assert_int_equal(kernel_said_text("none", 4, &text), -1);
}

static void lockdown_and_times_are_read(void **state)
{
	struct error *e __cleanup_error = NULL;
	double t = 0;

	(void)state;
	assert_int_equal(live_lockdown_parse("none [integrity] confidentiality"),
			 LOCKDOWN_INTEGRITY);
	assert_int_equal(live_lockdown_parse("[none] integrity confidentiality"), LOCKDOWN_NONE);
	assert_int_equal(live_lockdown_parse(""), LOCKDOWN_UNKNOWN);
	ok(host_time("90", &t));
	assert_true(t == 90);
	ok(host_time("1.5h", &t));
	assert_true(t == 5400);
	e = host_time("0", &t);
	assert_int_equal(error_kind(e), ERROR_USAGE);
	error_free(&e);
	e = host_time("soon", &t);
	assert_int_equal(error_kind(e), ERROR_USAGE);
}

static void modules_are_put_in_the_order_of_loading(void **state)
{
	struct live_names names = { 0 };
	struct arena a = { 0 };

	(void)state;
	ok(live_modules_parse("c 1 0 - Live 0x0\nb 1 0 - Live 0x0\na 1 0\n", &a, &names));
	assert_int_equal(names.v.n, 3);
	assert_string_equal(names.v.v[0], "a");
	assert_string_equal(names.v.v[2], "c");
	vec_free(&names.v);
	arena_free(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_fact_has_its_finding_and_its_exit_status),
		cmocka_unit_test(masked_code_is_compared_but_for_what_is_masked),
		cmocka_unit_test(what_the_kernel_says_of_a_module_gets_its_meaning),
		cmocka_unit_test(records_of_the_kernels_log_are_cut),
		cmocka_unit_test(lockdown_and_times_are_read),
		cmocka_unit_test(modules_are_put_in_the_order_of_loading),
		cmocka_unit_test(what_a_kprobe_wrote_is_not_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

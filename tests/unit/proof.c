// SPDX-License-Identifier: GPL-2.0-or-later
/* The proof's pure parts: what is read from the kernel, and what it means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "probe/decide.h"
#include "probe/hooks.h"
#include "probe/live_symbols.h"
#include "probe/kprobe.h"
#include "probe/site.h"

#define ADDRESS 0xffffffff81310590ull

/* --- the ftrace site ---------------------------------------------------------- */

static struct site decode(const char *bytes, size_t n)
{
	return site_decode((const uint8_t *)bytes, n, ADDRESS);
}

static void test_a_call_at_the_site_gives_its_destination(void **state)
{
	struct site s = decode("\xe8\x6b\x01\x00\x00\x53", 6);

	(void)state;
	assert_int_equal(s.kind, SITE_CALL);
	assert_int_equal(s.offset, 0);
	assert_int_equal(s.behind, 5);
	assert_int_equal(s.destination, ADDRESS + 5 + 0x16b);
	s = decode("\xe8\xfb\xff\xff\xff", 5);
	assert_int_equal(s.destination, ADDRESS);
}

static void test_a_jump_at_the_site_gives_its_destination(void **state)
{
	struct site s = decode("\xe9\x6b\x01\x00\x00\x53", 6);

	(void)state;
	assert_int_equal(s.kind, SITE_JUMPED);
	assert_int_equal(s.destination, ADDRESS + 5 + 0x16b);
}

static void test_an_endbr64_moves_the_site_and_what_is_behind_it(void **state)
{
	struct site s = decode("\xf3\x0f\x1e\xfa\xe8\x00\x01\x00\x00\x90", 10);

	(void)state;
	assert_int_equal(s.kind, SITE_CALL);
	assert_int_equal(s.offset, 4);
	assert_int_equal(s.behind, 9);
	assert_int_equal(s.destination, ADDRESS + 9 + 0x100);
	assert_int_equal(decode("\xf3\x0f\x1e\xfa\x0f\x1f\x44\x00\x00", 9).kind, SITE_NOP);
}

static void test_an_endbr_that_the_kernel_removed_moves_the_site_too(void **state)
{
	(void)state;
	assert_int_equal(decode("\x66\x0f\x1f\x00\xe8\x00\x01\x00\x00", 9).kind, SITE_CALL);
	assert_int_equal(decode("\x66\x0f\x1f\x00\x0f\x1f\x44\x00\x00", 9).behind, 9);
	assert_int_equal(decode("\x0f\x1f\x40\xd6\x0f\x1f\x44\x00\x00", 9).kind, SITE_NOP);
	assert_int_equal(decode("\x0f\x1f\x40\x00\x0f\x1f\x44\x00\x00", 9).kind, SITE_NONE);
}

static void test_nops_are_a_site_that_nobody_hooks(void **state)
{
	(void)state;
	assert_int_equal(decode("\x0f\x1f\x44\x00\x00\x55", 6).kind, SITE_NOP);
	assert_int_equal(decode("\x66\x0f\x1f\x40\x00", 5).kind, SITE_NOP);
	assert_int_equal(decode("\x66\x66\x66\x66\x90", 5).kind, SITE_NOP);
}

static void test_a_breakpoint_is_a_site_that_is_being_written(void **state)
{
	(void)state;
	assert_int_equal(decode("\xcc\x1f\x44\x00\x00", 5).kind, SITE_BEING_WRITTEN);
}

static void test_other_code_and_cut_off_code_are_no_site(void **state)
{
	(void)state;
	assert_int_equal(decode("\x55\x48\x89\xe5\x53", 5).kind, SITE_NONE);
	assert_int_equal(decode("\xe8\x00\x01\x00", 4).kind, SITE_NONE);
	assert_int_equal(decode("\xf3\x0f\x1e\xfa\xe8\x00\x01\x00", 8).kind, SITE_NONE);
	assert_int_equal(decode("", 0).kind, SITE_NONE);
}

/* --- enabled_functions -------------------------------------------------------- */

static const char enabled[] =
	"cmdline_proc_show (1)   I  \ttramp: 0xffffffffc05c1000 (klp_ftrace_handler+0x0/0x110) "
	"->klp_ftrace_handler+0x0/0x110\n"
	"cmdline_proc_show [klp_cmdline] (1) R    \ttramp: 0xffffffffc03d6000 "
	"(kprobe_ftrace_handler+0x0/0x1b0) ->kprobe_ftrace_handler+0x0/0x1b0\n"
	"shared (2) R I D ->arch_ftrace_ops_list_func+0x0/0x1d0\n"
	"\tdirect-->bpf_trampoline_6442538863+0x0/0x1000\n"
	"traced (1)    D\n"
	"\tdirect-->bpf_trampoline_6442538864+0x0/0x1000\n"
	"In_D_name (3)      ->arch_ftrace_ops_list_func+0x0/0x1d0\n";

static void test_livepatchs_handler_is_found_by_object_and_name(void **state)
{
	struct hooks h = hooks_parse(enabled, "vmlinux", "cmdline_proc_show");

	(void)state;
	assert_true(h.listed && h.livepatch && h.redirects);
	assert_false(h.direct || h.empty);
	assert_int_equal(h.count, 1);
	h = hooks_parse(enabled, "klp_cmdline", "cmdline_proc_show");
	assert_true(h.listed);
	assert_false(h.livepatch || h.redirects);
	assert_false(hooks_parse(enabled, "klp", "cmdline_proc_show").listed);
	assert_false(hooks_parse(enabled, "vmlinux", "cmdline_proc").listed);
	assert_false(hooks_parse(enabled, "vmlinux", "cmdline_proc_show2").listed);
}

static void test_flags_of_a_shared_site_are_read_and_names_are_not_flags(void **state)
{
	struct hooks h = hooks_parse(enabled, "vmlinux", "shared");

	(void)state;
	assert_true(h.listed && h.redirects && h.direct);
	assert_false(h.livepatch);
	assert_int_equal(h.count, 2);
	h = hooks_parse(enabled, "vmlinux", "traced");
	assert_true(h.listed && h.direct);
	assert_false(h.redirects);
	h = hooks_parse(enabled, "vmlinux", "In_D_name");
	assert_true(h.listed);
	assert_false(h.redirects || h.direct || h.livepatch);
}

static void test_a_list_without_any_hook_is_noticed(void **state)
{
	(void)state;
	assert_true(hooks_parse("", "vmlinux", "f").empty);
	assert_false(hooks_parse(enabled, "vmlinux", "f").empty);
}

/* --- kprobe_profile, kallsyms ------------------------------------------------- */

static void test_a_probes_hits_and_misses_are_read_from_its_own_line(void **state)
{
	static const char profile[] =
		"  p83_10                                       9               9\n"
		"  p83_1                                        7               2\n"
		"  broken line\n"
		"  p83_2                     18446744073709551615               0\n";
	struct kprobe_counts c = { 0 };

	(void)state;
	assert_true(kprobe_profile_parse(profile, "p83_1", &c));
	assert_int_equal(c.hits, 7);
	assert_int_equal(c.missed, 2);
	assert_true(kprobe_profile_parse(profile, "p83_2", &c));
	assert_int_equal(c.hits, UINT64_MAX);
	assert_false(kprobe_profile_parse(profile, "p83", &c));
	assert_false(kprobe_profile_parse("", "p83_1", &c));
}

static const char symbols[] = "ffffffff81000000 T _text\n"
			      "ffffffff81310590 t show\n"
			      "ffffffff81310690 t only\n"
			      "ffffffff81410590 t show\n"
			      "nonsense\n"
			      "ffffffffc0001000 t show\t[mod]\n"
			      "ffffffffc0002000 t only\t[mod]\n";

static struct live_symbol ask(const char *object, const char *name, unsigned int sympos)
{
	struct live_symbol q = { .object = object, .name = name, .sympos = sympos };

	live_symbols_answer(symbols, &q, 1);
	return q;
}

static void test_a_symbol_is_found_by_object_and_position(void **state)
{
	(void)state;
	assert_int_equal(ask("vmlinux", "only", 0).address, 0xffffffff81310690);
	assert_int_equal(ask("vmlinux", "only", 1).address, 0xffffffff81310690);
	assert_int_equal(ask("mod", "only", 0).address, 0xffffffffc0002000);
	assert_int_equal(ask("vmlinux", "show", 1).address, 0xffffffff81310590);
	assert_int_equal(ask("vmlinux", "show", 2).address, 0xffffffff81410590);
	assert_int_equal(ask("mod", "show", 0).address, 0xffffffffc0001000);
}

static void test_a_name_that_is_not_unique_is_not_guessed(void **state)
{
	(void)state;
	assert_int_equal(ask("vmlinux", "show", 0).address, 0);
	assert_int_equal(ask("vmlinux", "show", 0).found, 2);
	assert_int_equal(ask("vmlinux", "show", 3).address, 0);
	assert_int_equal(ask("vmlinux", "sho", 0).found, 0);
	assert_int_equal(ask("other", "show", 0).found, 0);
}

static void test_a_probe_is_armed_unless_it_is_gone_or_disabled(void **state)
{
	static const char list[] = "ffffffff81310595  k  show+0x5    [OPTIMIZED]\n"
				   "ffffffff81310690  k  only+0x0    [FTRACE]\n"
				   "ffffffffc0001005  k  show+0x5  mod [GONE]\n"
				   "ffffffffc0002005  k  only+0x5  mod  \n"
				   "ffffffffc0002005  k  only+0x5  mod [DISABLED][OPTIMIZED]\n";

	(void)state;
	assert_int_equal(kprobe_list_parse(list, 0xffffffff81310595), KPROBE_ARMED);
	assert_int_equal(kprobe_list_parse(list, 0xffffffff81310690), KPROBE_ARMED);
	assert_int_equal(kprobe_list_parse(list, 0xffffffffc0001005), KPROBE_OFF);
	assert_int_equal(kprobe_list_parse(list, 0xffffffffc0002005), KPROBE_OFF);
	assert_int_equal(kprobe_list_parse(list, 0xffffffff81310590), KPROBE_OFF);
	assert_int_equal(kprobe_list_parse("", 0), KPROBE_OFF);
}

/* --- what it means ------------------------------------------------------------ */

/* A patch in place, called three times; each test spoils one thing. */
static const struct observation good = {
	.patch = { .present = true, .enabled = true, .lists_function = true },
	.site_known = true,
	.site = { .kind = SITE_CALL, .behind = 5, .destination = 0xffffffffc0001000 },
	.hooks = { .listed = true, .count = 1, .livepatch = true, .redirects = true },
	.hooks_known = true,
	.count = { .new_entry = 3 },
	.old_probe = KPROBE_ARMED,
	.new_watched = true,
	.mark_settled = true,
};

static void expect(const struct observation *o, enum proof_state state, const char *trouble)
{
	struct decision d = proof_decide(o);

	assert_string_equal(proof_state_name(d.state), proof_state_name(state));
	if (!strstr(d.trouble, trouble) || (!*trouble && d.trouble[0]))
		fail_msg("'%s' does not say '%s'", d.trouble, trouble);
}

static void test_called_and_in_place_without_misses_is_exercised(void **state)
{
	(void)state;
	expect(&good, PROOF_EXERCISED, "");
}

static void test_what_nobody_called_is_in_place(void **state)
{
	struct observation o = good;

	(void)state;
	o.count.new_entry = 0;
	expect(&o, PROOF_IN_PLACE, "");
}

static void test_one_run_of_the_old_body_is_lost_whatever_sysfs_says(void **state)
{
	struct observation o = good;

	(void)state;
	o.count.old_body = 1;
	expect(&o, PROOF_LOST, "the old body ran");
	o.count.missed = 5;
	expect(&o, PROOF_LOST, "the old body ran");
	o.new_watched = false;
	expect(&o, PROOF_LOST, "the old body ran");
}

static void test_runs_of_the_old_body_before_the_transition_was_over_are_no_loss(void **state)
{
	struct observation o = good;

	(void)state;
	o.count.old_body = 4;
	o.mark_settled = false;
	expect(&o, PROOF_IN_PLACE, "before the transition");
	o.patch.transition = true;
	expect(&o, PROOF_IN_PLACE, "under way");
	o.count.old_body = 0;
	o.patch.transition = false;
	expect(&o, PROOF_IN_PLACE, "before the transition");
}

static void test_a_missed_hit_voids_the_zero(void **state)
{
	struct observation o = good;

	(void)state;
	o.count.missed = 1;
	expect(&o, PROOF_IN_PLACE, "missed");
	o.count.new_entry = 0;
	expect(&o, PROOF_IN_PLACE, "missed");
}

static void test_a_probe_that_may_be_dead_voids_the_zero(void **state)
{
	struct observation o = good;

	(void)state;
	o.old_probe = KPROBE_OFF;
	expect(&o, PROOF_IN_PLACE, "gone or disabled");
	o.count.new_entry = 0;
	expect(&o, PROOF_IN_PLACE, "gone or disabled");
	o.old_probe = KPROBE_UNKNOWN;
	expect(&o, PROOF_IN_PLACE, "debugfs");
}

static void test_a_site_that_leads_nowhere_or_past_livepatch_is_lost(void **state)
{
	struct observation o = good;

	(void)state;
	o.site.kind = SITE_NOP;
	expect(&o, PROOF_LOST, "nop");
	o.site.kind = SITE_NONE;
	expect(&o, PROOF_LOST, "no ftrace site");
	o.site.kind = SITE_JUMPED;
	expect(&o, PROOF_LOST, "a jump at the ftrace site");
	o.site.kind = SITE_CALL;
	o.leads_to_bpf = true;
	expect(&o, PROOF_LOST, "BPF");
}

static void test_an_ftrace_that_shut_itself_down_or_knows_no_redirect_is_lost(void **state)
{
	struct observation o = good;

	(void)state;
	o.hooks = (struct hooks){ .empty = true };
	expect(&o, PROOF_LOST, "shut itself down");
	o.hooks.empty = false;
	expect(&o, PROOF_LOST, "no hook");
	o.hooks = (struct hooks){ .listed = true, .count = 1 };
	expect(&o, PROOF_LOST, "may redirect");
}

static void test_a_shared_site_counts_as_registered_but_only_calls_show_more(void **state)
{
	struct observation o = good;

	(void)state;
	o.hooks = (struct hooks){ .listed = true, .count = 2, .redirects = true, .direct = true };
	expect(&o, PROOF_EXERCISED, "");
	o.count.new_entry = 0;
	expect(&o, PROOF_IN_PLACE, "BPF trampoline");
	o.hooks = good.hooks;
	o.other_patch = "other";
	expect(&o, PROOF_IN_PLACE, "other replaces");
}

static void test_what_could_not_be_read_is_said(void **state)
{
	struct observation o = good;

	(void)state;
	o.site_known = false;
	o.site = (struct site){ 0 };
	expect(&o, PROOF_EXERCISED, "running text cannot be read");
	o.count.new_entry = 0;
	expect(&o, PROOF_IN_PLACE, "running text cannot be read");
	o.hooks_known = false;
	o.hooks = (struct hooks){ 0 };
	expect(&o, PROOF_LOST, "neither");
	o = good;
	o.new_watched = false;
	expect(&o, PROOF_IN_PLACE, "no probe");
}

static void test_a_patch_that_is_absent_or_disabled_is_not_patched(void **state)
{
	struct observation o = good;

	(void)state;
	o.patch.enabled = false;
	expect(&o, PROOF_NOT_PATCHED, "");
	o.patch.transition = true;
	expect(&o, PROOF_NOT_PATCHED, "under way");
	o.patch = (struct patch_state){ .present = true, .enabled = true };
	expect(&o, PROOF_NOT_PATCHED, "");
	o.patch = good.patch;
	o.patch.object_missing = true;
	o.hooks = (struct hooks){ 0 };
	expect(&o, PROOF_NOT_PATCHED, "not loaded");
	o.patch = (struct patch_state){ 0 };
	expect(&o, PROOF_NOT_PATCHED, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_call_at_the_site_gives_its_destination),
		cmocka_unit_test(test_a_jump_at_the_site_gives_its_destination),
		cmocka_unit_test(test_an_endbr64_moves_the_site_and_what_is_behind_it),
		cmocka_unit_test(test_an_endbr_that_the_kernel_removed_moves_the_site_too),
		cmocka_unit_test(test_nops_are_a_site_that_nobody_hooks),
		cmocka_unit_test(test_a_breakpoint_is_a_site_that_is_being_written),
		cmocka_unit_test(test_other_code_and_cut_off_code_are_no_site),
		cmocka_unit_test(test_livepatchs_handler_is_found_by_object_and_name),
		cmocka_unit_test(test_flags_of_a_shared_site_are_read_and_names_are_not_flags),
		cmocka_unit_test(test_a_list_without_any_hook_is_noticed),
		cmocka_unit_test(test_a_probes_hits_and_misses_are_read_from_its_own_line),
		cmocka_unit_test(test_a_symbol_is_found_by_object_and_position),
		cmocka_unit_test(test_a_name_that_is_not_unique_is_not_guessed),
		cmocka_unit_test(test_a_probe_is_armed_unless_it_is_gone_or_disabled),
		cmocka_unit_test(test_called_and_in_place_without_misses_is_exercised),
		cmocka_unit_test(test_what_nobody_called_is_in_place),
		cmocka_unit_test(test_one_run_of_the_old_body_is_lost_whatever_sysfs_says),
		cmocka_unit_test(
			test_runs_of_the_old_body_before_the_transition_was_over_are_no_loss),
		cmocka_unit_test(test_a_missed_hit_voids_the_zero),
		cmocka_unit_test(test_a_probe_that_may_be_dead_voids_the_zero),
		cmocka_unit_test(test_a_site_that_leads_nowhere_or_past_livepatch_is_lost),
		cmocka_unit_test(test_an_ftrace_that_shut_itself_down_or_knows_no_redirect_is_lost),
		cmocka_unit_test(test_a_shared_site_counts_as_registered_but_only_calls_show_more),
		cmocka_unit_test(test_what_could_not_be_read_is_said),
		cmocka_unit_test(test_a_patch_that_is_absent_or_disabled_is_not_patched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* suture apply: make a bundle live on this host, and prove it. */
#include <stdio.h>

#include "base/str.h"
#include "cli/cli.h"
#include "cli/host_args.h"

static const char help[] =
	"suture apply BUNDLE [OPTION]...\n"
	"\n"
	"Check, arm the guard, load, follow the transition, prove: make the bundle live on this\n"
	"host. Whatever fails on the way is rolled back whole, and nothing is ever forced. While\n"
	"the transition waits, the tasks that it waits for are named, with the function that pins\n"
	"each.\n"
	"\n"
	"A bundle for programs or libraries goes into every process that has them mapped, in any\n"
	"container, each as a whole or not at all, and is read back from each.\n"
	"\n"
	"  --confirm-within TIME  take it back unless 'suture confirm' says otherwise by then: 90s,\n"
	"                         10m, 2h. The guard in the kernel keeps that, where its module is to\n"
	"                         be had, else a process\n"
	"  --watch TIME           watch the functions from before the patch until there is a verdict,\n"
	"                         so long at most: healthy is confirmed, failed and degraded are taken\n"
	"                         back, inconclusive waits for a person until its deadline, which is\n"
	"                         --confirm-within later (5m). What counts as worse is said by the fix\n"
	"                         and bounded by the host: suture-fix(5), suture-trust(5)\n"
	"  --baseline TIME        with it: how long before the patch (1m)\n"
	"  --control FUNCTION     with it: [OBJECT:]FUNCTION[,POS] that the patch does not change and\n"
	"                         that does not call what it changes, to tell load from harm; may be\n"
	"                         given again\n"
	"  --health-check COMMAND  with it: run at each look (sh -c); that it fails is failed at once\n"
	"  --policy KEY=VALUE     with it: a key that suture-fix(5) has under \"watch\", instead of what\n"
	"                         the fix says: alpha=0.5%, soak=5min, on-degraded=keep; may be given\n"
	"                         again\n"
	"  --interval N           with it: milliseconds from one look to the next (1000)\n"
	"  --whole                processes: in all of them or in none; else in all that can take it\n"
	"  --count TIME           processes: how long at most calls of the new functions are counted\n"
	"                         for the proof (1s; less if all were called); 0: not\n"
	"  --perf-map             processes: name the new code in /tmp/perf-PID.map, for profilers\n"
	"  --wait                 with it: wait until it is confirmed or taken back\n"
	"  --timeout TIME         for the transition, then it is rolled back (60s)\n"
	"  --reason TEXT          recorded in the ledger\n"
	"  --dry-run              only check, as 'suture check' does\n"
	"  --json                 one event a line (suture-event/1)\n"
	"\n"
	"Exit status: 0 live and proved in place, with --watch confirmed by its verdict; 3 nothing to\n"
	"do; 4 refused; 5 rolled back whole, or taken back; 6 inconclusive, not in all processes, another suture is at work, or the way back is blocked itself;\n"
	"7 signature or policy says no; 1 error. Needs root.\n";

static struct error *only_check(const struct host_args *a, struct findings *findings)
{
	struct bundle *b __cleanup_bundle = NULL;

	TRY(bundle_open(a->what, &b));
	TRY(host_check(b, &a->request, findings));
	return findings_error(findings);
}

/* What speaks against it, and what may go wrong, for a person; the rest is check's. */
static void print_findings(const struct findings *findings)
{
	struct strbuf out __cleanup_strbuf = { 0 };
	struct error *e = findings_print(findings, false, &out);

	fputs(e ? "without memory for the findings\n" : strbuf_str(&out), stderr);
	error_free(&e);
}

static struct error *run(int argc, char **argv)
{
	struct findings findings __cleanup_findings = { 0 };
	struct host_args a __cleanup_host_args = { 0 };
	struct error *e;

	TRY(host_args_parse(argc, argv, host_apply_options, &a));
	if (a.request.wait && !a.request.confirm_within)
		return error_usage("--wait is for --confirm-within");
	e = a.dry_run ? only_check(&a, &findings) : host_apply(a.what, &a.request, &findings);
	if (!a.json)
		print_findings(&findings);
	return e;
}

const struct verb verb_apply = { "apply", "make a bundle live on this host, and prove it", help,
				 run, host_apply_options };

// SPDX-License-Identifier: GPL-2.0-or-later
/* suture check: would a bundle work here, now? */
#include <stdio.h>

#include "base/str.h"
#include "cli/cli.h"
#include "flow/host.h"

static const char help[] =
	"suture check BUNDLE [OPTION]...\n"
	"\n"
	"Tell whether the bundle could be applied to this host, now, and what would happen. Nothing\n"
	"is changed: signature and policy, the kernel's release and symbol versions, what it lets\n"
	"in (lockdown, signed modules), the running text against the code that the fix was made\n"
	"for, ftrace sites, everybody else's hooks on the same functions, other livepatches, and\n"
	"the tasks that would block. A line a finding; the way out is below it. For a bundle for\n"
	"programs or libraries: each process that has them mapped, and what keeps it from being\n"
	"patched.\n"
	"\n"
	"  --confirm-within TIME  as apply would be asked: is there a guard?\n"
	"  --whole                processes: as apply would be asked\n"
	"  --json                 one finding a line (suture-check/1)\n"
	"\n"
	"Exit status: 0 it can be applied; 3 nothing to do (it is live already, or the kernel has the\n"
	"fix); 4 refused; 7 signature or policy says no; 1 it could not be looked at.\n";

static struct error *print(const struct findings *f, bool as_json)
{
	struct strbuf out __cleanup_strbuf = { 0 };

	if (!as_json)
		TRY(findings_print(f, true, &out));
	vec_for_each(&f->v, it) {
		struct json j = json_begin_compact(&out);

		if (!as_json)
			break;
		finding_json(it, &j);
		TRY(json_finish(&j));
	}
	fputs(strbuf_str(&out), stdout);
	return NULL;
}

static const struct option options[] = {
	{ "confirm-within", required_argument, NULL, 'c' },
	{ "whole", no_argument, NULL, 'a' },
	{ "json", no_argument, NULL, 'j' },
	{ 0 },
};

static struct error *run(int argc, char **argv)
{
	struct findings findings __cleanup_findings = { 0 };
	struct bundle *b __cleanup_bundle = NULL;
	struct host_request r = { 0 };
	bool as_json = false;
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'c')
			TRY(host_time(optarg, &r.confirm_within));
		else if (c == 'a')
			r.whole = true;
		else if (c == 'j')
			as_json = true;
		else
			return error_advise(error_usage("that is not how 'suture check' is used"),
					    "suture check --help explains it");
	}
	if (argc - optind != 1)
		return error_usage("one bundle, please");
	TRY(bundle_open(argv[optind], &b));
	TRY(host_check(b, &r, &findings));
	TRY(print(&findings, as_json));
	return findings_error(&findings);
}

const struct verb verb_check = { "check", "tell whether a bundle would work on this host, now",
				 help, run, options };

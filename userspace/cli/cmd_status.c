// SPDX-License-Identifier: GPL-2.0-or-later
/* suture status: what is live on this host. */
#include <stdio.h>

#include "base/str.h"
#include "cli/cli.h"
#include "flow/host.h"

static const char help[] =
	"suture [status] [--processes] [--json|--prometheus]\n"
	"\n"
	"Show the patches that are live on this host: the ledger's word, the kernel's, who keeps the\n"
	"deadline, and the proof. As root, what a manager that was killed left unfinished is settled\n"
	"first, finished or rolled back, and told. Livepatches that are not suture's are listed, too.\n"
	"Of a patch for processes its code is read back from each that has the file mapped.\n"
	"\n"
	"  --processes   each of them, below its patch\n"
	"  --json        one object (suture-status/1)\n"
	"  --prometheus  metrics in the text exposition format\n"
	"\n"
	"Exit status: 0; 5 a patch is lost: the kernel calls it enabled, and the old code runs;\n"
	"6 one is in transition; 1 error.\n";

static struct error *verdict(const struct host_status *s)
{
	const struct host_patch_status *moving = NULL;

	vec_for_each(&s->patches, p) {
		if (p->processes.lost)
			return error_advise(error_new(ERROR_VERIFY,
						      "%s is lost in %zu process%s: its code has "
						      "bytes that suture did not write",
						      p->name, p->processes.lost,
						      p->processes.lost == 1 ? "" : "es"),
					    "suture status --processes shows which");
		if (p->proof_known && p->proof.state == PROOF_LOST)
			return error_advise(
				error_new(ERROR_VERIFY, "%s is lost: %s", p->name,
					  p->proof.trouble),
				"suture revert %s, then apply it again; where ftrace has shut "
				"down only a reboot helps",
				p->name);
		if (p->transition)
			moving = p;
	}
	return moving ? error_advise(error_new(ERROR_PENDING, "%s is in transition", moving->name),
				     "suture blockers tells for whom it waits")
		      : NULL;
}

static const struct option options[] = {
	{ "processes", no_argument, NULL, 'p' },
	{ "json", no_argument, NULL, 'j' },
	{ "prometheus", no_argument, NULL, 'm' },
	{ 0 },
};

static struct error *run(int argc, char **argv)
{
	static const struct host_request nothing = { 0 };
	struct host_status s __cleanup_status = { 0 };
	struct strbuf out __cleanup_strbuf = { 0 };
	bool json = false, processes = false, metrics = false;
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'j' && c != 'p' && c != 'm')
			return error_advise(error_usage("that is not how 'suture status' is used"),
					    "suture status --help explains it");
		json |= c == 'j';
		processes |= c == 'p';
		metrics |= c == 'm';
	}
	if (argc != optind)
		return error_usage("'%s' is not expected", argv[optind]);
	if (metrics && (json || processes))
		return error_usage("--prometheus stands alone");
	TRY(host_status_read(&nothing, &s));
	TRY(metrics ? host_status_metrics(&s, &out)
	    : json  ? host_status_json(&s, &out)
		    : host_status_print(&s, processes, &out));
	fputs(strbuf_str(&out), stdout);
	return verdict(&s);
}

const struct verb verb_status = { "status", "show what is live on this host", help, run, options };

// SPDX-License-Identifier: GPL-2.0-or-later
/* suture confirm: a patch that is live stays. */
#include "cli/cli.h"
#include "cli/host_args.h"

static const char help[] =
	"suture confirm PATCH [--reason TEXT] [--json]\n"
	"\n"
	"The patch stays: no deadline takes it back any more, and it is to be applied again after a\n"
	"reboot. Its redirects are looked at first; one that is lost is not confirmed.\n"
	"\n"
	"  --reason TEXT  recorded in the ledger\n"
	"  --json         one event a line (suture-event/1)\n"
	"\n"
	"Exit status: 0 confirmed; 3 it was already; 4 it is not live; 5 too late, or its proof is\n"
	"lost; 6 another suture is at work; 1 error. Needs root.\n";

static struct error *run(int argc, char **argv)
{
	struct host_args a = { 0 };

	TRY(host_args_parse(argc, argv, host_patch_options, &a));
	return host_confirm(a.what, &a.request);
}

const struct verb verb_confirm = { "confirm", "let a patch stay that is live", help, run,
				   host_patch_options };

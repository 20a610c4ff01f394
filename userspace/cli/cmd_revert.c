// SPDX-License-Identifier: GPL-2.0-or-later
/* suture revert: take a patch back. */
#include "cli/cli.h"
#include "cli/host_args.h"

static const char help[] =
	"suture revert PATCH [--reason TEXT] [--json]\n"
	"\n"
	"Take the patch back: disable it, follow the transition, unload its module. PATCH is the\n"
	"fix's name or the livepatch's. A task that sleeps in its code pins it: that is told, and\n"
	"the way back goes on by itself.\n"
	"\n"
	"  --reason TEXT  recorded in the ledger\n"
	"  --json         one event a line (suture-event/1)\n"
	"\n"
	"Exit status: 0 it is out, and its module is unloaded; 3 it is not live; 6 it is still\n"
	"pinned, or another suture is at work; 1 error, and nothing has changed. Needs root.\n";

static struct error *run(int argc, char **argv)
{
	struct host_args a = { 0 };

	TRY(host_args_parse(argc, argv, host_patch_options, &a));
	return host_revert(a.what, &a.request);
}

const struct verb verb_revert = { "revert", "take a patch back", help, run, host_patch_options };

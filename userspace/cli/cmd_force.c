// SPDX-License-Identifier: GPL-2.0-or-later
/* suture force: switch the tasks that a transition waits for, whatever they are doing. */
#include "cli/cli.h"
#include "cli/host_args.h"

static const char help[] =
	"suture force PATCH --reason TEXT [--json]\n"
	"\n"
	"End the patch's transition by switching the tasks that it waits for, although they are\n"
	"inside of functions that change. The consequence: such a task goes on in the old code while\n"
	"others run the new, which is wrong wherever the two must not meet (locks, layouts, protocols)\n"
	"and may crash the host; and no livepatch module of this boot can be unloaded any more, so\n"
	"that what is taken back later stays in memory. Nothing else in suture ever forces.\n"
	"\n"
	"  --reason TEXT  needed: recorded in the ledger, with the tasks that were switched\n"
	"  --json         one event a line (suture-event/1)\n"
	"\n"
	"Exit status: 0 done; 3 it is not in transition; 2 no reason was given; 1 error. Needs root.\n";

static struct error *run(int argc, char **argv)
{
	struct host_args a = { 0 };

	TRY(host_args_parse(argc, argv, host_patch_options, &a));
	return host_force(a.what, &a.request);
}

const struct verb verb_force = { "force", "end a transition by force, with a recorded reason", help,
				 run, host_patch_options };

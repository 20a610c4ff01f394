// SPDX-License-Identifier: GPL-2.0-or-later
/* A table of commands; see agent.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trial/guest/agent.h"

static unsigned int number(const char *s)
{
	return (unsigned int)strtoul(s, NULL, 10);
}

static double seconds(const char *s)
{
	return strtod(s, NULL);
}

static int insert(char **a)
{
	return patch_insert(a[0], a[1] ? a[1] : "");
}

static int remove_module(char **a)
{
	return patch_remove(a[0], seconds(a[1]));
}

static int await(char **a)
{
	return patch_await(a[0], seconds(a[1]));
}

static int revert(char **a)
{
	return patch_revert(a[0], seconds(a[1]));
}

static int cycle(char **a)
{
	return rounds_cycle(a[0], a[1], number(a[2]), seconds(a[3]));
}

static int replace(char **a)
{
	return rounds_replace(a[0], a[1], a[2], a[3], number(a[4]), seconds(a[5]));
}

static int hotplug(char **a)
{
	return rounds_hotplug(a[0], a[1], number(a[2]), seconds(a[3]));
}

static int load(char **a)
{
	return load_start(number(a[0]), a[1]);
}

static int quiet(char **a)
{
	(void)a;
	return load_stop();
}

static const struct {
	const char *name;
	int least, most; /* arguments */
	int (*run)(char **a);
} commands[] = {
	{ "insert", 1, 2, insert },   { "remove", 2, 2, remove_module },
	{ "await", 2, 2, await },     { "revert", 2, 2, revert },
	{ "cycle", 4, 4, cycle },     { "replace", 6, 6, replace },
	{ "hotplug", 4, 4, hotplug }, { "load", 1, 2, load },
	{ "quiet", 0, 0, quiet },
};

int main(int argc, char **argv)
{
	int status = AGENT_USAGE;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(commands[i].name, argv[1]) && argc - 2 >= commands[i].least &&
		    argc - 2 <= commands[i].most)
			return commands[i].run(argv + 2);
	fprintf(stderr, "that is no command of a trial's agent\n");
	return status;
}

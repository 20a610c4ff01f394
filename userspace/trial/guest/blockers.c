// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tasks that a transition waits for: /proc/PID/task/TID/patch_state is 0 or 1 for each until
 * it is where the transition leads, and -1 when there is none
 * (Documentation/livepatch/livepatch.rst, "Consistency model").
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trial/guest/agent.h"

#define TASKS_SHOWN 8

static void print_stack(const char *task)
{
	char path[80], text[8192], *rest = text, *line;

	snprintf(path, sizeof(path), "%s/stack", task);
	if (!text_of(path, text, sizeof(text)))
		return;
	/* "[<0>] kswapd+0x1f0/0x380" */
	while ((line = strsep(&rest, "\n"))) {
		char *at = strchr(line, ']');

		at = at ? at + 1 + strspn(at + 1, " ") : line;
		if (*at)
			printf("at %s\n", at);
	}
}

/* True if this task still has to be switched; it is then shown. */
static bool look_at(const char *pid, const char *tid, int wanted, bool show)
{
	char task[64], path[80], text[64];
	int state;

	snprintf(task, sizeof(task), "/proc/%.16s/task/%.16s", pid, tid);
	snprintf(path, sizeof(path), "%s/patch_state", task);
	if (!text_of(path, text, sizeof(text)))
		return false;
	state = atoi(text);
	if (state < 0 || state == wanted)
		return false;
	if (!show)
		return true;
	snprintf(path, sizeof(path), "%s/comm", task);
	text_of(path, text, sizeof(text));
	printf("task %s %s\n", tid, text);
	print_stack(task);
	return true;
}

static unsigned int look_at_threads(const char *pid, int wanted, unsigned int found)
{
	char path[40];
	struct dirent *ent;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%.16s/task", pid);
	d = opendir(path);
	while (d && (ent = readdir(d)))
		if (ent->d_name[0] != '.')
			found += look_at(pid, ent->d_name, wanted, found < TASKS_SHOWN);
	if (d)
		closedir(d);
	return found;
}

void blockers_print(const char *name)
{
	char path[256], text[16];
	unsigned int found = 0;
	struct dirent *ent;
	DIR *d = opendir("/proc");
	int wanted;

	snprintf(path, sizeof(path), "/sys/kernel/livepatch/%s/enabled", name);
	wanted = text_of(path, text, sizeof(text)) && text[0] == '1';
	while (d && (ent = readdir(d)))
		if (ent->d_name[0] >= '0' && ent->d_name[0] <= '9')
			found = look_at_threads(ent->d_name, wanted, found);
	if (d)
		closedir(d);
	printf("waiting %u\n", found);
}

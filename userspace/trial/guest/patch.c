// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One livepatch, through the module loader and sysfs
 * (Documentation/ABI/testing/sysfs-kernel-livepatch).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "trial/guest/agent.h"

#define LIVEPATCH "/sys/kernel/livepatch/"
#define STEP 0.005 /* seconds between two looks */

int patch_insert(const char *ko, const char *parameters)
{
	const char *dot = strrchr(ko, '.');
	int fd = open(ko, O_RDONLY | O_CLOEXEC), flags, err;
	long failed;

	if (fd < 0)
		return refused(errno, ko);
	/* The kernel unpacks what it was itself configured to pack (.ko.xz). */
	flags = dot && strcmp(dot, ".ko") ? 4 /* MODULE_INIT_COMPRESSED_FILE */ : 0;
	failed = syscall(SYS_finit_module, fd, parameters, flags);
	err = errno;
	close(fd);
	return failed && err != EEXIST ? refused(err, ko) : AGENT_DONE;
}

int patch_remove(const char *name, double seconds)
{
	double until = now_seconds() + seconds;

	while (syscall(SYS_delete_module, name, O_NONBLOCK)) {
		bool busy = errno == EAGAIN || errno == EBUSY || errno == EWOULDBLOCK;

		if (!busy || now_seconds() > until)
			return refused(errno, name);
		pause_seconds(STEP);
	}
	return AGENT_DONE;
}

/* 0, 1, or -1 if there is no such patch. */
static int attribute(const char *name, const char *which)
{
	char path[256], text[16];

	snprintf(path, sizeof(path), LIVEPATCH "%s/%s", name, which);
	return text_of(path, text, sizeof(text)) ? text[0] == '1' : -1;
}

static int late(const char *name, double seconds)
{
	printf("late %.3f\n", seconds);
	blockers_print(name);
	return AGENT_LATE;
}

int patch_await(const char *name, double seconds)
{
	double start = now_seconds();

	while (attribute(name, "transition")) {
		if (attribute(name, "enabled") < 0)
			return refused(ENOENT, name);
		if (now_seconds() - start > seconds)
			return late(name, seconds);
		pause_seconds(STEP);
	}
	if (attribute(name, "enabled") != 1)
		return refused(ECANCELED, name);
	printf("live %.3f\n", now_seconds() - start);
	return AGENT_DONE;
}

static int await_gone(const char *name, double seconds, const char *word)
{
	double start = now_seconds();

	while (attribute(name, "enabled") >= 0) {
		if (now_seconds() - start > seconds)
			return late(name, seconds);
		pause_seconds(STEP);
	}
	printf("%s %.3f\n", word, now_seconds() - start);
	return AGENT_DONE;
}

int patch_revert(const char *name, double seconds)
{
	char path[256];

	snprintf(path, sizeof(path), LIVEPATCH "%s/enabled", name);
	if (!write_text(path, "0"))
		return refused(errno, path);
	return await_gone(name, seconds, "gone");
}

int patch_await_replaced(const char *name, double seconds)
{
	return await_gone(name, seconds, "replaced");
}

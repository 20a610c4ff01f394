// SPDX-License-Identifier: GPL-2.0-or-later
/* The same again and again. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trial/guest/agent.h"

#define LET_GO 10.0 /* seconds until the kernel has let go of a module that is disabled */

/* Return early with what was not done. */
#define STEP_OR_RETURN(call)            \
	do {                            \
		int status_ = (call);   \
		if (status_)            \
			return status_; \
	} while (0)

/* What a step took is told: "inserted SECONDS", "removed SECONDS". */
static int insert(const char *ko, const char *parameters)
{
	double start = now_seconds();

	STEP_OR_RETURN(patch_insert(ko, parameters));
	printf("inserted %.3f\n", now_seconds() - start);
	return AGENT_DONE;
}

static int remove_module(const char *name)
{
	double start = now_seconds();

	STEP_OR_RETURN(patch_remove(name, LET_GO));
	printf("removed %.3f\n", now_seconds() - start);
	return AGENT_DONE;
}

static int once(const char *ko, const char *name, double seconds)
{
	STEP_OR_RETURN(insert(ko, ""));
	STEP_OR_RETURN(patch_await(name, seconds));
	STEP_OR_RETURN(patch_revert(name, seconds));
	return remove_module(name);
}

int rounds_cycle(const char *ko, const char *name, unsigned int n, double seconds)
{
	for (unsigned int i = 1; i <= n; i++) {
		STEP_OR_RETURN(once(ko, name, seconds));
		printf("round %u\n", i);
	}
	return AGENT_DONE;
}

/* One takes the place of another, whose module then goes. */
static int take_place(const char *ko, const char *name, const char *of, double seconds)
{
	STEP_OR_RETURN(insert(ko, "replace=1"));
	STEP_OR_RETURN(patch_await(name, seconds));
	STEP_OR_RETURN(patch_await_replaced(of, seconds));
	return remove_module(of);
}

int rounds_replace(const char *ko, const char *name, const char *ko2, const char *name2,
		   unsigned int n, double seconds)
{
	STEP_OR_RETURN(insert(ko, ""));
	STEP_OR_RETURN(patch_await(name, seconds));
	for (unsigned int i = 1; i <= n; i++) {
		STEP_OR_RETURN(take_place(ko2, name2, name, seconds));
		STEP_OR_RETURN(take_place(ko, name, name2, seconds));
		printf("round %u\n", i);
	}
	STEP_OR_RETURN(patch_revert(name, seconds));
	return remove_module(name);
}

/* --- CPUs that go and come -------------------------------------------------------- */

static bool set_cpu(unsigned int cpu, bool on)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/online", cpu);
	return write_text(path, on ? "1" : "0");
}

/* In a child until it is killed: its count of changes is in a page that both see. */
static void toggle(unsigned int cpus, int to)
{
	for (;;)
		for (unsigned int cpu = 1; cpu < cpus; cpu++)
			for (int on = 0; on < 2; on++) {
				if (set_cpu(cpu, on) && write(to, "x", 1) != 1)
					_exit(1);
				pause_seconds(0.02);
			}
}

static unsigned int count(int from)
{
	unsigned int n = 0;
	char block[512];
	ssize_t k;

	while ((k = read(from, block, sizeof(block))) > 0)
		n += (unsigned int)k;
	return n;
}

int rounds_hotplug(const char *ko, const char *name, unsigned int n, double seconds)
{
	unsigned int cpus = (unsigned int)sysconf(_SC_NPROCESSORS_CONF);
	int status = AGENT_DONE, pipe_fd[2];
	pid_t pid;

	if (pipe(pipe_fd))
		return refused(errno, "pipe");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(pipe_fd[0]);
		toggle(cpus, pipe_fd[1]);
	}
	close(pipe_fd[1]);
	if (pid < 0)
		return refused(errno, "fork");
	for (unsigned int i = 0; i < n && !status; i++)
		status = once(ko, name, seconds);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (unsigned int cpu = 1; cpu < cpus; cpu++)
		set_cpu(cpu, true);
	printf("changes %u\n", count(pipe_fd[0]));
	return status;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/process_end.h"

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of linux/pidfd.h, which headers older than 6.15 have not. */
struct exit_info {
	uint64_t mask, cgroup;
	uint32_t ids[11];
	int32_t status;
};
#define GET_INFO _IOWR(0xff, 11, struct exit_info)
#define INFO_EXIT (1u << 3)

int process_end_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

enum process_end process_end_of(int status, int *how)
{
	static const int faults = 1 << SIGSEGV | 1 << SIGBUS | 1 << SIGILL | 1 << SIGFPE |
				  1 << SIGABRT | 1 << SIGTRAP | 1 << SIGSYS;

	if (!WIFSIGNALED(status)) {
		*how = WEXITSTATUS(status);
		return PROCESS_ENDED;
	}
	*how = WTERMSIG(status);
	return *how < 32 && faults & 1 << *how ? PROCESS_CRASHED : PROCESS_ENDED;
}

enum process_end process_end_read(int pidfd, int *how)
{
	struct exit_info info = { .mask = INFO_EXIT };
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	*how = 0;
	if (pidfd < 0)
		return PROCESS_GONE;
	if (poll(&p, 1, 0) <= 0)
		return PROCESS_LIVES;
	/* Until its parent has asked for it there is nothing to be had. */
	if (ioctl(pidfd, GET_INFO, &info) || !(info.mask & INFO_EXIT))
		return PROCESS_GONE;
	return process_end_of(info.status, how);
}

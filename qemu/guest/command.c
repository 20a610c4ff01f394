// SPDX-License-Identifier: GPL-2.0-or-later
/* Running a command line, one at a time, each in a session of its own. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qemu/guest/guest.h"

static void child_exec(const char *command, int out)
{
	static char *const env[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root",
		"TERM=dumb", NULL
	};
	char *const argv[] = { "sh", "-c", (char *)command, NULL };
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	execve("/bin/sh", argv, env);
	_exit(127);
}

void run_command(uint32_t id, const char *command)
{
	int fd[2];

	if (guest.child) {
		send_failed(id, EBUSY, "a command is running already");
		return;
	}
	if (pipe2(fd, O_CLOEXEC) < 0) {
		send_failed(id, errno, "pipe");
		return;
	}
	guest.child = fork();
	if (!guest.child)
		child_exec(command, fd[1]);
	close(fd[1]);
	if (guest.child < 0) {
		guest.child = 0;
		send_failed(id, errno, "fork");
		close(fd[0]);
		return;
	}
	fcntl(fd[0], F_SETFL, O_NONBLOCK);
	fcntl(fd[0], F_SETPIPE_SZ, sizeof(guest_block));
	guest.output = fd[0];
	guest.child_id = id;
}

/* False once there is nothing to read now. */
bool send_output(void)
{
	ssize_t n = read(guest.output, guest_block,
			 guest.shared ? sizeof(guest_block) : FRAME_PAYLOAD_MAX);

	if (n > 0) {
		send_large(FRAME_OUTPUT, guest.child_id, guest_block, (size_t)n);
		return true;
	}
	if (!n) {
		close(guest.output);
		guest.output = -1;
	}
	return n < 0 && errno == EINTR;
}

void reap(void)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(guest.signals, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != guest.child)
			continue;
		/* What it started in the background may keep the pipe: don't wait for that. */
		while (guest.output >= 0 && send_output())
			;
		if (guest.output >= 0)
			close(guest.output);
		guest.output = -1;
		guest.child = 0;
		send_number(FRAME_EXIT, guest.child_id,
			    WIFEXITED(status) ? (uint32_t)WEXITSTATUS(status)
					      : 128u + (uint32_t)WTERMSIG(status));
	}
}

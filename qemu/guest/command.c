// SPDX-License-Identifier: GPL-2.0-or-later
/* Running a command line, one at a time, each in a session of its own. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qemu/guest/guest.h"

/* In the child; what it reads and writes are its descriptors 0, 1 and 2 already. */
static void exec_shell(const char *command, const char *kind)
{
	char term[80];
	char *const env[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			      "HOME=/root", "PS1=\\h:\\w\\$ ", term, NULL };
	char *const argv[] = { "sh", "-c", (char *)command, NULL };
	sigset_t none;

	snprintf(term, sizeof(term), "TERM=%s", kind);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execve("/bin/sh", argv, env);
	_exit(127);
}

static void exec_on_pipe(const char *command, int out)
{
	int null = open("/dev/null", O_RDWR);

	setsid();
	dup2(null, 0);
	dup2(out, 1);
	dup2(out, 2);
	exec_shell(command, "dumb");
}

static void exec_on_terminal(const char *command, const char *kind, const char *name)
{
	int fd;

	setsid();
	fd = open(name, O_RDWR);
	ioctl(fd, TIOCSCTTY, 0);
	dup2(fd, 0);
	dup2(fd, 1);
	dup2(fd, 2);
	if (fd > 2)
		close(fd);
	if (chdir("/root") < 0)
		fd = -1;
	exec_shell(command, kind);
}

/* The child runs, or could not be made; 'fd' is where its output is read. */
static void started(uint32_t id, pid_t child, int fd)
{
	if (child < 0) {
		send_failed(id, errno, "fork");
		close(fd);
		return;
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	guest.child = child;
	guest.output = fd;
	guest.child_id = id;
}

void run_command(uint32_t id, const char *command)
{
	int fd[2];
	pid_t child;

	if (guest.child) {
		send_failed(id, EBUSY, "a command is running already");
		return;
	}
	if (pipe2(fd, O_CLOEXEC) < 0) {
		send_failed(id, errno, "pipe");
		return;
	}
	child = fork();
	if (!child)
		exec_on_pipe(command, fd[1]);
	close(fd[1]);
	fcntl(fd[0], F_SETPIPE_SZ, sizeof(guest_block));
	guest.terminal = false;
	started(id, child, fd[0]);
}

void run_on_terminal(uint32_t id, const char *kind, const char *command)
{
	int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), unlock = 0, number;
	char name[64];
	pid_t child;

	if (guest.child || fd < 0 || ioctl(fd, TIOCSPTLCK, &unlock) < 0 ||
	    ioctl(fd, TIOCGPTN, &number) < 0) {
		send_failed(id, guest.child ? EBUSY : errno, "making a terminal");
		if (fd >= 0)
			close(fd);
		return;
	}
	snprintf(name, sizeof(name), "/dev/pts/%d", number);
	child = fork();
	if (!child)
		exec_on_terminal(command, kind, name);
	guest.terminal = true;
	started(id, child, fd);
}

void terminal_input(const uint8_t *p, size_t n)
{
	/* What nobody reads is lost once the kernel's buffer is full, as on a real line. */
	if (guest.terminal && guest.output >= 0 && write(guest.output, p, n) < 0)
		return;
}

void terminal_size(uint32_t rows, uint32_t columns)
{
	struct winsize w = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };

	if (guest.terminal && guest.output >= 0)
		ioctl(guest.output, TIOCSWINSZ, &w);
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
	/* A terminal that nobody has open any more says EIO. */
	if (!n || errno == EIO) {
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

// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/aside.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/interrupt.h"

#define SOCKET 3 /* its number there */

/* Never returns. */
static void work(int fd, void (*fn)(int fd, void *arg), void *arg)
{
	if (dup2(fd, SOCKET) < 0 || close_range(SOCKET + 1, ~0U, 0) < 0)
		_exit(1);
	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	fn(SOCKET, arg);
	_exit(0);
}

struct error *aside_start(void (*fn)(int fd, void *arg), void *arg, int *fd)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return error_errno(errno, "socketpair");
	pid = fork();
	if (!pid) {
		/* Its parent ends at once, so that it belongs to init. */
		pid = fork();
		if (!pid)
			work(pair[1], fn, arg);
		_exit(pid < 0);
	}
	close(pair[1]);
	if (pid < 0 || waitpid(pid, NULL, 0) != pid) {
		close(pair[0]);
		return error_errno(errno, "fork");
	}
	*fd = pair[0];
	return NULL;
}

bool aside_send(int fd, const void *bytes, size_t n)
{
	for (const char *at = bytes; n;) {
		ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return false;
		at += sent;
		n -= (size_t)sent;
	}
	return true;
}

struct error *aside_receive(int fd, double until, void *bytes, size_t n)
{
	for (char *at = bytes; n;) {
		struct pollfd w = { .fd = fd, .events = POLLIN };
		double left = until - clock_seconds();
		ssize_t got;

		TRY(interrupt_check());
		if (left <= 0)
			return error_new(ERROR_PENDING, "the kernel does not come back");
		if (poll(&w, 1, left > 0.5 ? 500 : (int)(left * 1000) + 1) <= 0)
			continue;
		got = recv(fd, at, n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return error_failed("the process that works aside ended");
		at += got;
		n -= (size_t)got;
	}
	return NULL;
}

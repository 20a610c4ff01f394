// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server of many threads, and who uses it:
 *
 *	server serve N SOCKET	a thread for each of N connections, and one that goes through all
 *	server ask N SOCKET	N connections that are never closed; each asks again and again
 *
 * An answer is version() of the question. Who asks ends with status 3 at an answer that neither
 * version gives, or when a connection is closed; at SIGTERM it tells how many answers came.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/hotpatch/apart.h"

#define MOST 256

int calls;
static _Atomic long answers, news;
static int connections[MOST];

APART int version(int x)
{
	calls++;
	return x + 1;
}

static int fail(const char *what)
{
	perror(what);
	_exit(3);
}

static void *serve_one(void *arg)
{
	int fd = (int)(intptr_t)arg, x;

	while (read(fd, &x, sizeof(x)) == sizeof(x)) {
		x = version(x);
		if (write(fd, &x, sizeof(x)) != sizeof(x))
			break;
	}
	close(fd);
	return NULL;
}

static void *ask_one(void *arg)
{
	int fd = connections[(intptr_t)arg];

	for (int i = 0;; i = (i + 1) & 0xffffff) {
		int x = i;

		if (write(fd, &x, sizeof(x)) != sizeof(x) || read(fd, &x, sizeof(x)) != sizeof(x))
			fail("a connection was dropped");
		if (x != i + 1 && x != i + 2) {
			fprintf(stderr, "%d was answered by %d\n", i, x);
			_exit(3);
		}
		answers++;
		news += x == i + 2;
		if (i % 64 == 0)
			usleep(1000);
	}
}

static void start(void *(*run)(void *), intptr_t arg)
{
	pthread_t t;

	if (pthread_create(&t, NULL, run, (void *)arg))
		fail("pthread_create");
}

static int serve(int n, struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)at, sizeof(*at)) || listen(fd, MOST))
		fail("listen");
	for (int i = 0; i < n; i++) {
		int one = accept(fd, NULL, NULL);

		if (one < 0)
			fail("accept");
		start(serve_one, one);
	}
	puts("all are here");
	fflush(stdout);
	for (;;) {
		version(0);
		usleep(500);
	}
}

static int ask(int n, struct sockaddr_un *at)
{
	sigset_t end;
	int signal;

	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &end, NULL);
	for (int i = 0; i < n; i++) {
		connections[i] = socket(AF_UNIX, SOCK_STREAM, 0);
		if (connect(connections[i], (struct sockaddr *)at, sizeof(*at)))
			fail("connect");
		start(ask_one, i);
	}
	sigwait(&end, &signal);
	printf("%ld answers, %ld of them new\n", answers, news);
	return fflush(stdout);
}

int main(int argc, char **argv)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int n = argc == 4 ? atoi(argv[2]) : 0;

	if (n < 1 || n > MOST)
		return 2;
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", argv[3]);
	signal(SIGPIPE, SIG_IGN);
	return !strcmp(argv[1], "serve") ? serve(n, &at) : ask(n, &at);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Work that keeps tasks in many places of the kernel while a patch comes and goes: pipes,
 * files, memory, processes, sockets, timers. Each worker is one kind, and rests now and then,
 * for a guest is slow.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trial/guest/agent.h"

#define PID_FILE "/run/suture-load"
#define REST 0.02

static void use_pipe(unsigned int round)
{
	char block[4096] = { 0 };
	int fd[2];

	if (pipe(fd))
		return;
	for (int i = 0; i < 8; i++)
		if (write(fd[1], block, sizeof(block)) != read(fd[0], block, sizeof(block)))
			break;
	close(fd[0]);
	close(fd[1]);
	(void)round;
}

static void use_files(unsigned int round)
{
	char path[64], block[2048] = { 0 };
	struct dirent *ent;
	int fd;
	DIR *d;

	snprintf(path, sizeof(path), "/tmp/load.%d.%u", getpid(), round % 8);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0 && write(fd, block, sizeof(block)) > 0 && lseek(fd, 0, SEEK_SET) == 0 &&
	    read(fd, block, sizeof(block)) < 0)
		perror(path);
	if (fd >= 0)
		close(fd);
	unlink(path);
	d = opendir("/proc/self/fd");
	while (d && (ent = readdir(d)))
		;
	if (d)
		closedir(d);
	text_of("/proc/self/status", block, sizeof(block));
	text_of("/proc/meminfo", block, sizeof(block));
}

static void use_memory(unsigned int round)
{
	size_t size = 256 << 10;
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return;
	for (size_t i = 0; i < size; i += 4096)
		at[i] = (char)round;
	mprotect(at, size / 2, PROT_READ);
	madvise(at + size / 2, size / 2, MADV_DONTNEED);
	munmap(at, size);
}

static void use_processes(unsigned int round)
{
	pid_t pid = fork();

	if (!pid) {
		if (round % 4)
			_exit(0);
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void use_sockets(unsigned int round)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int pair[2], in = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof(to);
	char block[512] = { 0 };

	if (in >= 0 && !bind(in, (struct sockaddr *)&to, sizeof(to)) &&
	    !getsockname(in, (struct sockaddr *)&to, &n) &&
	    sendto(in, block, sizeof(block), 0, (struct sockaddr *)&to, sizeof(to)) > 0)
		recv(in, block, sizeof(block), MSG_DONTWAIT);
	if (in >= 0)
		close(in);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return;
	if (write(pair[0], block, sizeof(block)) > 0 && read(pair[1], block, sizeof(block)) < 0)
		perror("socket");
	close(pair[0]);
	close(pair[1]);
	(void)round;
}

/* Mostly asleep, and then busy without a system call. */
static void use_time(unsigned int round)
{
	struct pollfd none = { .fd = -1 };
	volatile unsigned int spin = 0;

	poll(&none, 1, 20);
	while (spin < 50000 + round % 7)
		spin = spin + 1;
}

typedef void kind(unsigned int round);
static kind *const kinds[] = {
	use_pipe, use_files, use_memory, use_processes, use_sockets, use_time
};

static void work(unsigned int which)
{
	kind *use = kinds[which % (sizeof(kinds) / sizeof(kinds[0]))];

	prctl(PR_SET_NAME, "suture-load");
	for (unsigned int round = 0;; round++) {
		use(round);
		pause_seconds(REST);
	}
}

static void run_over_and_over(const char *command)
{
	char *const argv[] = { "sh", "-c", (char *)command, NULL };

	for (;;) {
		pid_t pid = fork();

		if (!pid) {
			execv("/bin/sh", argv);
			_exit(127);
		}
		if (pid > 0)
			waitpid(pid, NULL, 0);
		pause_seconds(0.05);
	}
}

/* The group's leader: its death ends nobody, so it is the group that is killed. */
static void lead(unsigned int n, const char *command)
{
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
	setpriority(PRIO_PROCESS, 0, 15);
	for (unsigned int i = 0; i < n; i++)
		if (!fork())
			work(i);
	if (command && !fork())
		run_over_and_over(command);
	for (;;)
		pause();
}

int load_start(unsigned int n, const char *command)
{
	char text[16];
	FILE *f;
	pid_t pid;

	load_stop();
	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return refused(errno, "fork");
	if (!pid) {
		setsid();
		lead(n, command);
	}
	snprintf(text, sizeof(text), "%d", pid);
	f = fopen(PID_FILE, "we");
	if (!f || fputs(text, f) < 0 || fclose(f))
		return refused(errno, PID_FILE);
	printf("load %d\n", pid);
	return AGENT_DONE;
}

/* Until the last one of the group has gone: its death takes a while. */
int load_stop(void)
{
	char text[16];
	pid_t group;

	if (!text_of(PID_FILE, text, sizeof(text)))
		return AGENT_DONE;
	group = (pid_t)atoi(text);
	if (group > 1)
		for (int i = 0; i < 1000 && !kill(-group, SIGKILL); i++)
			pause_seconds(0.01);
	unlink(PID_FILE);
	return AGENT_DONE;
}

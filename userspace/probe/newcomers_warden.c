// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/newcomers_warden.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define SECOND 1000000000ull
#define STANDS_MOST (30 * SECOND)
#define BEATS_EACH (5 * SECOND) /* bpf/newcomer.bpf.c stops no one after that */
#define JUST_NOW (SECOND / 10)	/* it was let go, and its SIGCONT may never have been sent */
#define NOTED_FIRST (SECOND / 100)
#define LOOKS_EVERY_MS 500
/* What was attached may work for some milliseconds after the death. */
#define LAST_LOOKS 40
#define LAST_LOOKS_MS 25

uint64_t warden_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

enum warden_reason warden_judge(uint64_t heartbeat, uint64_t now)
{
	return heartbeat && now > heartbeat && now - heartbeat > BEATS_EACH ? WARDEN_HUNG
									    : WARDEN_WATCHES;
}

bool warden_lets_go(const struct newcomer_held *h, enum warden_reason why, uint64_t now)
{
	/* It is noted first and then stopped: a SIGCONT in between would be lost. */
	if (now < h->since + NOTED_FIRST)
		return false;
	if (h->released)
		return why == WARDEN_ORPHANED && now - h->released < JUST_NOW;
	return why != WARDEN_WATCHES || now - h->since > STANDS_MOST;
}

/* /proc/PID/NAME, ended by a NUL; false if it is gone. */
static bool read_proc(pid_t pid, const char *name, char *text, size_t size)
{
	char path[32];
	int fd __closefd = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, size - 1);
	if (n <= 0)
		return false;
	text[n] = '\0';
	return true;
}

bool warden_is_same(pid_t pid, uint64_t start)
{
	char text[1024], *close_at;
	unsigned long long ticks;

	if (!read_proc(pid, "stat", text, sizeof(text)))
		return false;
	close_at = strrchr(text, ')');
	return close_at &&
	       sscanf(close_at + 1,
		      " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
		      "%*d %llu",
		      &ticks) == 1 &&
	       ticks == start / (SECOND / (uint64_t)sysconf(_SC_CLK_TCK));
}

/*
 * A stop signal that came after ours waits until the process goes on, and its sender wants that it
 * stands. In one that does not stand yet, it is our own.
 */
bool warden_sees_others_stop(const char *status)
{
	const unsigned long long stops = 1ull << (SIGSTOP - 1) | 1ull << (SIGTSTP - 1);
	const char *state = strstr(status, "\nState:\t"), *of_all = strstr(status, "\nShdPnd:\t"),
		   *of_one = strstr(status, "\nSigPnd:\t");
	unsigned long long pending = 0;

	if (!state || state[8] != 'T')
		return false;
	if (of_all)
		pending |= strtoull(of_all + 9, NULL, 16);
	if (of_one)
		pending |= strtoull(of_one + 9, NULL, 16);
	return pending & stops;
}

bool warden_continue(pid_t pid)
{
	char status[4096];

	return read_proc(pid, "status", status, sizeof(status)) &&
	       !warden_sees_others_stop(status) && !kill(pid, SIGCONT);
}

unsigned int warden_sweep(int held, enum warden_reason why)
{
	struct newcomer_held h;
	uint32_t pid, next;
	unsigned int n = 0;
	bool more = !bpf_map_get_next_key(held, NULL, &next);

	while (more) {
		pid = next;
		more = !bpf_map_get_next_key(held, &pid, &next);
		if (bpf_map_lookup_elem(held, &pid, &h))
			continue;
		if (!warden_is_same((pid_t)pid, h.start)) {
			bpf_map_delete_elem(held, &pid);
			continue;
		}
		if (!warden_lets_go(&h, why, warden_now()))
			continue;
		h.released = warden_now() - JUST_NOW;
		bpf_map_update_elem(held, &pid, &h, BPF_EXIST);
		n += warden_continue((pid_t)pid);
	}
	return n;
}

/* Nothing here allocates or takes a lock: other threads of the parent may have held some. */
static _Noreturn void live(int held, volatile uint64_t *heartbeat, int from)
{
	struct pollfd p = { .fd = from, .events = POLLIN };
	ssize_t n = -1;
	char byte;

	while (n < 0) {
		if (poll(&p, 1, LOOKS_EVERY_MS) == 1)
			n = read(from, &byte, 1);
		else
			warden_sweep(held, warden_judge(*heartbeat, warden_now()));
	}
	if (n == 1)
		_exit(0);
	*heartbeat = 0;
	for (int i = 0; i < LAST_LOOKS; i++) {
		warden_sweep(held, WARDEN_ORPHANED);
		poll(NULL, 0, LAST_LOOKS_MS);
	}
	_exit(0);
}

/* All but these two: a lock or a socket of the parent must end with the parent. */
static void keep_only(int a, int b)
{
	int low = a < b ? a : b, high = a < b ? b : a;

	if (low > 3)
		close_range(3, (unsigned int)low - 1, 0);
	if (high > low + 1)
		close_range((unsigned int)low + 1, (unsigned int)high - 1, 0);
	close_range((unsigned int)high + 1, ~0u, 0);
}

pid_t warden_begin(int held, volatile uint64_t *heartbeat, int *out)
{
	static const int deaf[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	pid = fork();
	if (!pid) {
		/* Its end is its parent's, by whatever signal that comes. */
		for (size_t i = 0; i < ARRAY_SIZE(deaf); i++)
			signal(deaf[i], SIG_IGN);
		setsid();
		prctl(PR_SET_NAME, "sutured-warden");
		close(ends[1]);
		keep_only(held, ends[0]);
		live(held, heartbeat, ends[0]);
	}
	close(ends[0]);
	if (pid < 0)
		close(ends[1]);
	else
		*out = ends[1];
	return pid;
}

void warden_end(pid_t pid, int *pipe)
{
	if (pid <= 0)
		return;
	if (write(*pipe, "", 1) < 0)
		close_fd(pipe);
	close_fd(pipe);
	waitpid(pid, NULL, 0);
}

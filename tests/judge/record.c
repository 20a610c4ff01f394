// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Record an A/A trace: the latencies of two system calls that nobody changes, once a second.
 *
 *	record stat|socket SECONDS >FILE
 *
 * A line is "SECOND METRIC BUCKET:COUNT...", METRIC `target` or `control`, buckets as in
 * base/histogram.h, of nanoseconds.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/histogram.h"

static int ends[2];
static char page[4096];

static void call_stat(void)
{
	struct stat s;

	(void)stat("/usr/bin/env", &s);
}

static void call_open(void)
{
	int fd = open("/usr/bin/env", O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
}

static void call_write(void)
{
	(void)!write(ends[0], page, 512);
	(void)!read(ends[1], page, 512);
}

static void call_send(void)
{
	(void)!send(ends[0], page, 4096, 0);
	(void)!recv(ends[1], page, 4096, 0);
}

static const struct pair {
	const char *name;
	void (*target)(void), (*control)(void);
} pairs[] = { { "stat", call_stat, call_open }, { "socket", call_write, call_send } };

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

static void timed(void (*call)(void), struct histogram *h)
{
	uint64_t start = now();

	call();
	histogram_add(h, histogram_bucket(now() - start), 1);
}

static void print(unsigned int second, const char *metric, const struct histogram *h)
{
	printf("%u %s", second, metric);
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		if (h->count[i])
			printf(" %u:%llu", i, (unsigned long long)h->count[i]);
	putchar('\n');
}

int main(int argc, char **argv)
{
	const struct pair *p = NULL;
	unsigned int seconds = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;

	for (unsigned int i = 0; seconds && i < sizeof(pairs) / sizeof(*pairs); i++)
		if (!strcmp(argv[1], pairs[i].name))
			p = &pairs[i];
	if (!p || socketpair(AF_UNIX, SOCK_STREAM, 0, ends)) {
		fprintf(stderr, "usage: record stat|socket SECONDS\n");
		return 2;
	}
	for (unsigned int s = 0; s < seconds; s++) {
		struct histogram target = { 0 }, control = { 0 };
		uint64_t end = now() + 1000000000ull;

		while (now() < end) {
			timed(p->target, &target);
			timed(p->control, &control);
			usleep(2000);
		}
		print(s, "target", &target);
		print(s, "control", &control);
	}
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A program around a library: includes this, and says how to go there and back, and what it sees.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROOM 8192

static int there_and_back(const unsigned char *from, size_t n, unsigned char *to);
static unsigned long seen(void);

static void *use(void *arg)
{
	unsigned char from[ROOM], to[ROOM];
	unsigned int x = (unsigned int)(uintptr_t)arg;

	for (;;) {
		size_t n = x % (ROOM - 1) + 1;

		for (size_t i = 0; i < n; i++, x = x * 1103515245 + 12345)
			from[i] = (unsigned char)(x >> 28);
		if (there_and_back(from, n, to) || memcmp(from, to, n)) {
			puts("other bytes came back");
			fflush(stdout);
			_exit(3);
		}
		usleep(500);
	}
}

int main(void)
{
	pthread_t t;

	for (uintptr_t i = 1; i <= 3; i++)
		if (pthread_create(&t, NULL, use, (void *)i))
			return 1;
	for (;;) {
		printf("%lu\n", seen());
		fflush(stdout);
		usleep(20000);
	}
}

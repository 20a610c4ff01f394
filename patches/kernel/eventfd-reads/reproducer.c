// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exit status 0: the eventfd tells how often it was read, and it is right (the fix runs);
 * 1: it does not tell; 2: it tells something else.
 */
#include <stdio.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TIMES 5

/* Reads of one eventfd and of all, as /proc says; -1: it does not say. */
static int told(int fd, long *mine, long *all)
{
	char path[64], line[256];
	FILE *f;
	int found = -1;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "eventfd-reads: %ld of %ld", mine, all) == 2)
			found = 0;
	fclose(f);
	return found;
}

int main(void)
{
	int fd = eventfd(0, 0), other = eventfd(0, 0);
	uint64_t one = 1, got;
	long before, after, mine = 0, none = 0;

	if (fd < 0 || other < 0)
		return 2;
	if (told(fd, &mine, &before) < 0) {
		puts("no eventfd-reads");
		return 1;
	}
	for (int i = 0; i < TIMES; i++)
		if (write(fd, &one, sizeof(one)) != sizeof(one) ||
		    read(fd, &got, sizeof(got)) != sizeof(got))
			return 2;
	if (mine || told(fd, &mine, &after) < 0 || told(other, &none, &after) < 0)
		return 2;
	printf("eventfd-reads: %ld of %ld\n", mine, after);
	return mine == TIMES && !none && after == before + TIMES ? 0 : 2;
}

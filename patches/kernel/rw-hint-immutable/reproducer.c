// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sets a write-lifetime hint (fcntl(2), F_SET_RW_HINT) on an immutable file of a
 * tmpfs. A kernel with the fault accepts it, a fixed one answers EPERM.
 *
 *	reproducer FILE [TIMES]
 *
 * Prints one line; exit status 0: refused with EPERM (fixed), 1: accepted (the
 * fault), 2: could not be tried. Leaves nothing behind.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int set_immutable(int fd, int on)
{
	int flags = 0;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return -1;
	flags = on ? flags | FS_IMMUTABLE_FL : flags & ~FS_IMMUTABLE_FL;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

int main(int argc, char **argv)
{
	long times = argc > 2 ? strtol(argv[2], NULL, 10) : 1, refused = 0, i;
	uint64_t hint = RWH_WRITE_LIFE_SHORT;
	int fd;

	if (argc < 2 || times < 1) {
		fprintf(stderr, "usage: reproducer FILE [TIMES]\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_CREAT, 0600);
	if (fd < 0 || set_immutable(fd, 1) < 0) {
		printf("%s: can't be made immutable: %s\n", argv[1], strerror(errno));
		return 2;
	}
	for (i = 0; i < times; i++)
		if (fcntl(fd, F_SET_RW_HINT, &hint) < 0 && errno == EPERM)
			refused++;
	set_immutable(fd, 0);
	unlink(argv[1]);
	printf("write hint on an immutable file, %ld times: %s\n", times,
	       refused == times ? "refused, EPERM"
	       : refused	? "refused only sometimes"
				: "accepted");
	return refused == times ? 0 : 1;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Where user memory ends, as read() sees it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "exercise.h"

/*
 * Read nothing to addresses in the user's half, behind 47 bits, behind 56 bits but before the
 * placeholder that stands in the kernel's file where the limit will be (0x0123456789abcdef),
 * behind that, and in the kernel's half: 0, or the errno, of each. What the processor has (five
 * levels of pages, linear address masking) decides which are user addresses.
 */
static int read_limits(unsigned int times)
{
	static const unsigned long addresses[] = { 0x1000, 0x0000900000000000, 0x0110000000000000,
						   0x0200000000000000, 0xffff800000000000 };
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return failed("/dev/zero");
	while (times--)
		for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
			long n = syscall(SYS_read, fd, addresses[i], 0);

			if (!times)
				printf("%d%c", n < 0 ? errno : 0, i == 4 ? '\n' : ' ');
		}
	close(fd);
	return 0;
}

/* A length of more than half of the address space. */
static int read_too_much(unsigned int times)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	static char byte;

	if (fd < 0)
		return failed("/dev/zero");
	while (times--) {
		long n = syscall(SYS_read, fd, &byte, -5L);

		if (!times)
			printf("%d\n", n < 0 ? errno : 0);
	}
	close(fd);
	return 0;
}

const struct exercise exercises_limits[] = {
	{ "read-limits", read_limits },
	{ "read-too-much", read_too_much },
	{ 0 },
};

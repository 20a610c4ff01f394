// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An exercise of FUSE with a server of its own: a file system that is one empty folder,
 * spoken directly over /dev/fuse (linux/fuse.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exercise.h"

static void answer(int fd, uint64_t unique, int error, const void *body, size_t size)
{
	struct fuse_out_header head = { .len = (uint32_t)(sizeof(head) + size),
					.error = -error,
					.unique = unique };
	struct iovec iov[2] = { { &head, sizeof(head) }, { (void *)body, size } };

	if (writev(fd, iov, 2) < 0)
		failed("/dev/fuse");
}

/* Serve until the file system is unmounted. */
static void serve(int fd)
{
	static char request[1 << 17] __attribute__((aligned(8)));
	const struct fuse_in_header *in = (const void *)request;
	struct fuse_attr_out attr = { .attr = { .ino = 1, .mode = S_IFDIR | 0755, .nlink = 2 } };
	struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION,
				      .minor = FUSE_KERNEL_MINOR_VERSION,
				      .max_write = 4096 };

	while (read(fd, request, sizeof(request)) >= (ssize_t)sizeof(*in)) {
		if (in->opcode == FUSE_INIT)
			answer(fd, in->unique, 0, &init, sizeof(init));
		else if (in->opcode == FUSE_GETATTR || in->opcode == FUSE_SETATTR)
			answer(fd, in->unique, 0, &attr, sizeof(attr));
		else if (in->opcode != FUSE_FORGET && in->opcode != FUSE_INTERRUPT)
			answer(fd, in->unique, ENOSYS, NULL, 0);
	}
}

static int change_attributes(unsigned int times)
{
	char dir[] = "/tmp/fuse.XXXXXX", options[80];
	int fd = open("/dev/fuse", O_RDWR), status = 0;
	pid_t server;

	if (fd < 0 || !mkdtemp(dir))
		return failed("/dev/fuse");
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	if (mount("exercise", dir, "fuse", 0, options))
		return failed("fuse");
	server = fork();
	if (server < 0)
		return failed("fork");
	if (!server) {
		serve(fd);
		_exit(0);
	}
	while (!status && times--)
		if (chmod(dir, 0755))
			status = failed("chmod");
	umount2(dir, MNT_DETACH);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	close(fd);
	rmdir(dir);
	return status;
}

const struct exercise exercises_fuse[] = {
	{ "change-attributes", change_attributes },
	{ 0 },
};

// SPDX-License-Identifier: GPL-2.0-or-later
/* Exercises of character and block devices. */
#include <errno.h>
#include <fcntl.h>
#include <linux/kd.h>
#include <linux/loop.h>
#include <linux/rtc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "exercise.h"

/* Set a console's meta mode to what it is. Asking for it is the first of the calls. */
static int set_meta(unsigned int times)
{
	int fd = open("/dev/tty1", O_RDWR | O_NOCTTY), mode = 0, status = 0;

	if (fd < 0)
		return failed("/dev/tty1");
	if (ioctl(fd, KDGKBMETA, &mode))
		status = failed("KDGKBMETA");
	while (!status && --times)
		if (ioctl(fd, KDSKBMETA, (unsigned long)mode))
			status = failed("KDSKBMETA");
	close(fd);
	return status;
}

/* Each byte sent makes the port interrupt at least once. */
static int write_serial(unsigned int times)
{
	int fd = open("/dev/ttyS0", O_WRONLY | O_NOCTTY), status = 0;

	if (fd < 0)
		return failed("/dev/ttyS0");
	while (!status && times--)
		if (write(fd, "\n", 1) != 1 || tcdrain(fd))
			status = failed("writing to /dev/ttyS0");
	close(fd);
	return status;
}

static int read_clock(unsigned int times)
{
	int fd = open("/dev/rtc0", O_RDONLY), status = 0;
	struct rtc_time t;

	if (fd < 0)
		return failed("/dev/rtc0");
	while (!status && times--)
		if (ioctl(fd, RTC_RD_TIME, &t))
			status = failed("RTC_RD_TIME");
	close(fd);
	return status;
}

static int set_up_loop(int control, char *path, size_t size, int file)
{
	int n = ioctl(control, LOOP_CTL_GET_FREE), fd;

	if (n < 0)
		return failed("LOOP_CTL_GET_FREE");
	snprintf(path, size, "/dev/loop%d", n);
	fd = open(path, O_RDWR);
	if (fd < 0)
		return failed(path);
	if (ioctl(fd, LOOP_SET_FD, file)) {
		close(fd);
		return failed("LOOP_SET_FD");
	}
	return fd;
}

/* Set a loop device's block size to what it is. */
static int size_blocks(unsigned int times)
{
	char backing[] = "/tmp/loop.XXXXXX", path[32];
	int file = mkstemp(backing), control = open("/dev/loop-control", O_RDWR);
	int fd = -1, status = 0;

	if (file < 0 || control < 0 || ftruncate(file, 1 << 20))
		status = failed("a loop device");
	if (!status)
		fd = set_up_loop(control, path, sizeof(path), file);
	if (fd < 0)
		status = -1;
	while (!status && times--)
		if (ioctl(fd, LOOP_SET_BLOCK_SIZE, 512ul))
			status = failed("LOOP_SET_BLOCK_SIZE");
	if (fd >= 0)
		ioctl(fd, LOOP_CLR_FD, 0);
	close(fd);
	close(control);
	close(file);
	unlink(backing);
	return status;
}

const struct exercise exercises_devices[] = {
	{ "set-meta", set_meta },
	{ "write-serial", write_serial },
	{ "read-clock", read_clock },
	{ "size-blocks", size_blocks },
	{ 0 },
};

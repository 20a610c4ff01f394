// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exercises of file systems on images that are made here: the smallest ISO 9660 volume
 * (ECMA-119, 8.4 and 9.1), mounted through a loop device.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "exercise.h"

#define SECTOR 2048
#define ROOT 18 /* the root folder's sector */

/* A number in both byte orders, as ECMA-119 7.2.3 and 7.3.3 want it. */
static void both16(uint8_t *p, unsigned int v)
{
	p[0] = p[3] = (uint8_t)v;
	p[1] = p[2] = (uint8_t)(v >> 8);
}

static void both32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = p[7 - i] = (uint8_t)(v >> 8 * i);
}

static void folder_record(uint8_t *p, uint8_t name)
{
	p[0] = 34;
	both32(p + 2, ROOT);
	both32(p + 10, SECTOR);
	p[25] = 2; /* a folder */
	both16(p + 28, 1);
	p[32] = 1;
	p[33] = name;
}

static int write_volume(const char *path)
{
	static uint8_t image[(ROOT + 2) * SECTOR];
	uint8_t *primary = image + 16 * SECTOR, *end = image + 17 * SECTOR;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t n;

	if (fd < 0)
		return failed(path);
	memcpy(primary, "\1CD001\1", 7);
	both32(primary + 80, ROOT + 2);
	both16(primary + 120, 1);
	both16(primary + 124, 1);
	both16(primary + 128, SECTOR);
	folder_record(primary + 156, 0);
	memcpy(end, "\377CD001\1", 7);
	folder_record(image + ROOT * SECTOR, 0);
	folder_record(image + ROOT * SECTOR + 34, 1);
	n = write(fd, image, sizeof(image));
	close(fd);
	return n == sizeof(image) ? 0 : failed(path);
}

static int loop_on(const char *image, char *path, size_t size)
{
	int control = open("/dev/loop-control", O_RDWR), file = open(image, O_RDONLY);
	int n = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE), fd = -1;

	if (n >= 0) {
		snprintf(path, size, "/dev/loop%d", n);
		fd = open(path, O_RDONLY);
	}
	if (file < 0 || fd < 0 || ioctl(fd, LOOP_SET_FD, file)) {
		failed("a loop device");
		close(fd);
		fd = -1;
	}
	close(control);
	close(file);
	return fd;
}

static int mount_iso(unsigned int times)
{
	char image[] = "/tmp/iso.XXXXXX", dir[] = "/tmp/isodir.XXXXXX", path[32];
	int fd, status = 0;

	if (mkstemp(image) < 0 || !mkdtemp(dir))
		return failed(image);
	if (write_volume(image))
		return -1;
	fd = loop_on(image, path, sizeof(path));
	if (fd < 0)
		return -1;
	while (!status && times--) {
		if (mount(path, dir, "iso9660", MS_RDONLY, NULL))
			status = failed("iso9660");
		else if (umount2(dir, 0))
			status = failed("umount");
	}
	ioctl(fd, LOOP_CLR_FD, 0);
	close(fd);
	unlink(image);
	rmdir(dir);
	return status;
}

const struct exercise exercises_images[] = {
	{ "mount-iso", mount_iso },
	{ 0 },
};

// SPDX-License-Identifier: GPL-2.0-or-later
/* What a test expects of a system: mounts, the loopback; and the memory shared with the runner. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qemu/guest/guest.h"

void mount_all(void)
{
	static const struct {
		const char *type, *at, *data;
	} mounts[] = {
		{ "proc", "/proc", NULL },
		{ "sysfs", "/sys", NULL },
		{ "devtmpfs", "/dev", NULL },
		{ "devpts", "/dev/pts", NULL },
		{ "tmpfs", "/dev/shm", NULL },
		{ "debugfs", "/sys/kernel/debug", NULL },
		{ "tracefs", "/sys/kernel/tracing", NULL },
		{ "securityfs", "/sys/kernel/security", NULL },
		{ "bpf", "/sys/fs/bpf", NULL },
	};

	/* The root is in memory already; files may have been put into /tmp. */
	chmod("/tmp", 01777);
	/* Those that a kernel lacks are left out: a test that needs one will say so. */
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].at, 0755);
		mount(mounts[i].type, mounts[i].at, mounts[i].type, 0, mounts[i].data);
	}
}

void loopback_up(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	ioctl(fd, SIOCSIFFLAGS, &lo);
	close(fd);
}

static bool file_says(const char *dir, const char *name, const char *words)
{
	char path[512], text[16] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	return !strncmp(text, words, strlen(words));
}

/* Map the memory (BAR 2) of the PCI device "ivshmem" in this folder of sysfs, if it is one. */
static void map_shared(const char *dir)
{
	char path[512];
	void *at;
	int fd;

	if (!file_says(dir, "vendor", "0x1af4") || !file_says(dir, "device", "0x1110"))
		return;
	snprintf(path, sizeof(path), "%s/enable", dir);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "1", 1) != 1)
		return;
	close(fd);
	/* Write-combining needs a kernel with PAT; without, it is the same memory, slower. */
	snprintf(path, sizeof(path), "%s/resource2_wc", dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	snprintf(path, sizeof(path), "%s/resource2", dir);
	if (fd < 0)
		fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return;
	at = mmap(NULL, SHARED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at != MAP_FAILED)
		guest.shared = at;
}

void find_shared(void)
{
	DIR *d = opendir("/sys/bus/pci/devices");
	struct dirent *ent;

	while (d && !guest.shared && (ent = readdir(d))) {
		char dir[300];

		snprintf(dir, sizeof(dir), "/sys/bus/pci/devices/%s", ent->d_name);
		if (ent->d_name[0] != '.')
			map_shared(dir);
	}
	if (d)
		closedir(d);
}

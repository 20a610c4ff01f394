// SPDX-License-Identifier: GPL-2.0-or-later
/* Modules that the runner has put in. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "qemu/guest/guest.h"

/* The kernel unpacks what it was itself configured to pack (CONFIG_MODULE_DECOMPRESS). */
static int load_flags(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot && strcmp(dot, ".ko") ? 4 /* MODULE_INIT_COMPRESSED_FILE */ : 0;
}

void load_module(uint32_t id, const struct frame *f)
{
	char path[4096] = "";
	int fd;

	if (f->length < sizeof(path))
		memcpy(path, f->payload, f->length);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (syscall(SYS_finit_module, fd, "", load_flags(path)) < 0 && errno != EEXIST))
		send_failed(id, errno, path);
	else
		send_number(FRAME_EXIT, id, 0);
	if (fd >= 0)
		close(fd);
}

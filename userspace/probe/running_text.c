// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/running_text.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

struct error *running_text_open(struct running_text *out)
{
	Elf64_Ehdr eh;
	int fd __closefd = open("/proc/kcore", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(errno, "/proc/kcore");
	if (pread(fd, &eh, sizeof(eh), 0) != (ssize_t)sizeof(eh))
		return error_errno(errno, "reading /proc/kcore");
	if (memcmp(eh.e_ident, ELFMAG, SELFMAG) || eh.e_ident[EI_CLASS] != ELFCLASS64)
		return error_failed("/proc/kcore is no 64-bit ELF file");
	out->fd = take_fd(&fd);
	return NULL;
}

/* The segments change when modules come and go: they are read each time. */
static struct error *place_of(int fd, uint64_t address, size_t n, off_t *out)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph;

	if (pread(fd, &eh, sizeof(eh), 0) != (ssize_t)sizeof(eh))
		return error_errno(errno, "reading /proc/kcore");
	for (unsigned int i = 0; i < eh.e_phnum; i++) {
		off_t at = (off_t)(eh.e_phoff + i * sizeof(ph));

		if (pread(fd, &ph, sizeof(ph), at) != (ssize_t)sizeof(ph))
			return error_errno(errno, "reading /proc/kcore");
		if (ph.p_type != PT_LOAD || address < ph.p_vaddr ||
		    address - ph.p_vaddr >= ph.p_filesz || ph.p_filesz - (address - ph.p_vaddr) < n)
			continue;
		*out = (off_t)(ph.p_offset + (address - ph.p_vaddr));
		return NULL;
	}
	return error_failed("/proc/kcore does not hold address 0x%llx",
			    (unsigned long long)address);
}

struct error *running_text_read(const struct running_text *t, uint64_t address, void *to, size_t n)
{
	ssize_t got;
	off_t at = 0;

	TRY(place_of(t->fd, address, n, &at));
	got = pread(t->fd, to, n, at);
	if (got < 0)
		return error_errno(errno, "reading /proc/kcore at 0x%llx",
				   (unsigned long long)address);
	if ((size_t)got != n)
		return error_failed("/proc/kcore ends at 0x%llx", (unsigned long long)address);
	return NULL;
}

void running_text_close(struct running_text *t)
{
	close_fd(&t->fd);
}

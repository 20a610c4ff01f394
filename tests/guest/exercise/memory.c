// SPDX-License-Identifier: GPL-2.0-or-later
/* Exercises of memory management, keys and BPF maps. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "exercise.h"

static int lock_pages(unsigned int times)
{
	const size_t size = 64 * 4096;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return failed("mmap");
	memset(p, 1, size);
	while (times--)
		if (mlock(p, size) || munlock(p, size))
			return failed("mlock");
	return munmap(p, size);
}

/* A search through all keyrings that finds nothing. */
static int search_keys(unsigned int times)
{
	while (times--)
		if (syscall(SYS_request_key, "user", "suture:nowhere", NULL, 0) >= 0 ||
		    errno != ENOKEY)
			return failed("request_key");
	return 0;
}

static int close_faultfds(unsigned int times)
{
	while (times--) {
		struct uffdio_api api = { .api = UFFD_API };
		int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

		if (fd < 0 || ioctl(fd, UFFDIO_API, &api))
			return failed("userfaultfd");
		close(fd);
	}
	return 0;
}

/*
 * Bloom filter maps. They are not filled: while the kernel updates a map it runs no BPF
 * program, so the proof's probes would miss each of those calls.
 */
static int make_filters(unsigned int times)
{
	while (times--) {
		union bpf_attr create = { .map_type = BPF_MAP_TYPE_BLOOM_FILTER,
					  .value_size = 4,
					  .max_entries = 64 };
		int fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &create, sizeof(create));

		if (fd < 0)
			return failed("creating the map");
		close(fd);
	}
	return 0;
}

const struct exercise exercises_memory[] = {
	{ "lock-pages", lock_pages },
	{ "search-keys", search_keys },
	{ "close-faultfds", close_faultfds },
	{ "make-filters", make_filters },
	{ 0 },
};

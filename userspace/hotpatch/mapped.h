/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ELF file behind a mapping, read through /proc/PID/map_files: the file that is mapped,
 * whatever stands at its path today, deleted or in another container. Hostile until checked.
 *
 * Knowledge: elf(5), proc(5).
 */
#ifndef SUTURE_HOTPATCH_MAPPED_H
#define SUTURE_HOTPATCH_MAPPED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "hotpatch/maps.h"

#define MAPPED_LOADS 16
#define BUILD_ID_MOST 64
#define PAGE_BYTES 4096ull

struct mapped_load {
	uint64_t offset, address, in_file, in_memory; /* as in its program header */
	bool exec;
};

struct mapped {
	int fd;	     /* of the file */
	bool is_elf; /* of x86-64, an executable or a shared object; the rest is valid only then */
	uint8_t build_id[BUILD_ID_MOST];
	unsigned int build_id_n;
	uint64_t dynamic, dynamic_n; /* PT_DYNAMIC's address and size; 0: none */
	struct mapped_load loads[MAPPED_LOADS];
	unsigned int n;
	uint64_t low, high; /* of all its loads, in whole pages */
};
#define MAPPED_CLOSED    \
	{                \
		.fd = -1 \
	}

struct error *mapped_open(pid_t pid, const struct mapping *at, struct mapped *out) __must_check;
void mapped_close(struct mapped *m);
#define __cleanup_mapped __cleanup(mapped_close)

/* The load bias that the mapping shows; false if it is no mapping of a load. */
bool mapped_bias(const struct mapped *m, const struct mapping *at, uint64_t *bias);
/* n bytes of the file at a virtual address, which must lie in one load's file part. */
struct error *mapped_bytes(const struct mapped *m, uint64_t address, void *p,
			   size_t n) __must_check;
/* Whether [address, address + n) lies in one executable load. */
bool mapped_is_code(const struct mapped *m, uint64_t address, uint64_t n);

#endif

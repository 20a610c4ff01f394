/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that had booted, in one file:
 *
 *	memory | the emulator's state | what the console printed | the kernel's log | trailer
 *
 * The memory lies at the file's beginning with holes for pages of zeroes, so that the emulator
 * maps it as it is, privately: nothing is read or unpacked before it is used, and guests that run
 * from the same snapshot share it. The rest comes behind. A file is published whole or not at
 * all, never changed, and held against its checksums whenever it is used: what is broken is
 * removed, and made again.
 */
#ifndef SUTURE_QEMU_SNAPSHOT_H
#define SUTURE_QEMU_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/str.h"

struct snapshot {
	int fd;		/* -1: none */
	uint64_t state; /* where the emulator's state begins */
	struct strbuf console, log;
};

/* What there is to write. */
struct snapshot_parts {
	int ram, state; /* files */
	uint64_t ram_size;
	const struct strbuf *console, *log;
};

#define SNAPSHOT_NONE ((struct snapshot){ .fd = -1 })

/*
 * Publish a snapshot at this path; one that is there already stays. Needs the lock of
 * snapshot_lock() only so that work is not done twice.
 */
struct error *snapshot_write(const char *path, const struct snapshot_parts *parts) __must_check;
/*
 * Open a snapshot of a guest with this much memory. *found is false if there is none, or a
 * broken one, which is removed. It may be removed by others later: the open file stays whole.
 */
struct error *snapshot_open(const char *path, uint64_t ram_size, struct snapshot *out,
			    bool *found) __must_check;
void snapshot_close(struct snapshot *s);
#define __cleanup_snapshot __cleanup(snapshot_close)

/* --- the folder of snapshots (snapshot_store.c) ------------------------------ */

/* Where the snapshot with this identity belongs; allocated. The folder is made if missing. */
struct error *snapshot_path(const struct strbuf *identity, char **out) __must_check;
/*
 * Wait until nobody else makes this snapshot. The lock is given back by closing it; it is -1
 * where the time was over.
 */
struct error *snapshot_lock(const char *path, double deadline, int *lock) __must_check;
/*
 * Remove those that were used longest ago until there are at most this many with at most so many
 * bytes on the disk; the one at 'keep' stays. Also what a killed process left half written.
 */
struct error *snapshot_prune(const char *dir, const char *keep, size_t most,
			     uint64_t bytes) __must_check;

#define SNAPSHOTS_MOST 16
#define SNAPSHOTS_BYTES (4ull << 30)

#endif

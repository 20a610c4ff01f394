/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does the kernel lose memory? Told from samples taken between equal blocks of work, without the
 * patch and with it. Pure.
 *
 * Memory is lost if it grows in every block with the patch, and in all of them together by more
 * than the threshold above the largest growth without it:
 *
 *	- unreclaimable slabs: 256 kB;
 *	- all that the kernel holds: 2 MB, for free pages on lists of CPUs look like it;
 *	- objects of one slab: four of five runs leave one (in each block half of them), and without
 *	  the patch one in five at most. The kernel counts small ones by the slab.
 */
#ifndef SUTURE_TRIAL_MEMORY_H
#define SUTURE_TRIAL_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

/* What the guest is asked for a sample. */
#define MEMORY_COMMAND                                               \
	"sync; echo 3 >/proc/sys/vm/drop_caches; cat /proc/meminfo;" \
	" grep -v '^[#s]lab' /proc/slabinfo | sed 's/^/slab /'"

struct memory_slab {
	const char *name;
	uint64_t objects;
};

struct memory_sample {
	uint64_t unreclaimable, held; /* kB */
	struct memory_slab *slabs;
	size_t n;
};

/* From /proc/meminfo and lines "slab NAME ACTIVE ..." of /proc/slabinfo. */
struct error *memory_parse(const char *text, struct arena *a,
			   struct memory_sample *out) __must_check;

struct memory_series {
	const struct memory_sample *without, *with; /* in order of time, */
	size_t n_without, n_with;		    /* at least 2 of each */
	unsigned int runs;			    /* of the reproducer between two of them */
};

/* True if it leaks; what and how much is appended to 'words' either way. */
struct error *memory_leaks(const struct memory_series *s, bool *leaks,
			   struct strbuf *words) __must_check;

#endif

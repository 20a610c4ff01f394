/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose code it was that the kernel warned of, and that ended a process by a signal: the new one's,
 * if the stack goes through it (bpf/blame.bpf.c).
 */
#ifndef SUTURE_PROBE_BLAME_H
#define SUTURE_PROBE_BLAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "bpf/blame.h"
#include "bpf/places.h"

struct blame;

struct blame_reading {
	bool warnings_known, crashes_known; /* this kernel tells of them */
	struct blame_counts counts;	    /* since blame_open() */
};

/* Without root or BPF nothing is known. */
struct error *blame_open(struct blame **out) __must_check;
/* More of the old code, or of the new. ERROR_REFUSED if that is more than PLACES_MOST places. */
struct error *blame_add_old(struct blame *b, const struct code_place *p, size_t n) __must_check;
struct error *blame_add_new(struct blame *b, const struct code_place *p, size_t n) __must_check;
void blame_read(const struct blame *b, struct blame_reading *out);
void blame_close(struct blame **b);
#define __cleanup_blame __cleanup(blame_close)

#endif

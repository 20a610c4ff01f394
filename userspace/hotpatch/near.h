/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory near a file's code in another process: mapped by a thread of it (inject.h), filled from
 * outside. No page of it is ever writable and executable, so that policies against that hold.
 */
#ifndef SUTURE_HOTPATCH_NEAR_H
#define SUTURE_HOTPATCH_NEAR_H

#include "hotpatch/layout.h"
#include "hotpatch/process.h"

/*
 * Map the layout's pages at 'base' and write n bytes of 'header' there while the stub that mapped
 * them still tells of them: there is no moment at which nothing in the process does. All or
 * nothing. ERROR_PENDING: try again later (the place may have been taken meanwhile, too).
 * 'dirty' is set where the calling thread must end before anything else is done (stop.h).
 */
struct error *near_map(struct opened *o, const struct layout *l, uint64_t base,
		       const uint8_t *header, size_t n, bool *dirty) __must_check;
/* Unmap [base, base + size), which must be one of ours and unused. */
struct error *near_unmap(struct opened *o, uint64_t base, uint64_t size, bool *dirty) __must_check;

/* What a killed manager left of a mapping that has no header yet, and its stub: taken away. 'any':
 * there was something. */
struct error *near_sweep(struct opened *o, bool *any, bool *dirty) __must_check;

/*
 * Whether what is mapped in [base, base + size) is what near_map() maps, or its beginning: private,
 * without a name, and first, at base itself, what can only be read. A stub that was left may tell
 * of a place that the process has taken for itself since. Pure.
 */
bool near_may_be_ours(const struct maps *maps, uint64_t base, uint64_t size);

#endif

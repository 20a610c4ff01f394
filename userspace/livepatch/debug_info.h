/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The payload's debug information, as an object beside the module: its sections without their
 * content, its symbols, its build-id, and the DWARF of the parts, moved to where the linker
 * put their code. So gdb, crash and addr2line show source lines for an address in the module,
 * and the module stays small.
 *
 * What the parts' DWARF says about code that is not in the module is left in it, at addresses
 * that no code ever has (DEBUG_INFO_NOWHERE).
 *
 * Knowledge: DWARF 5; only addresses and offsets into other .debug sections have relocations.
 */
#ifndef SUTURE_LIVEPATCH_DEBUG_INFO_H
#define SUTURE_LIVEPATCH_DEBUG_INFO_H

#include "livepatch/livepatch.h"
#include "livepatch/merge.h"

#define DEBUG_INFO_NOWHERE 0xdead000000000000

/*
 * The first n inputs of the merge are the parts'; m->out is finished. *out stays NULL if no
 * part has debug information.
 */
struct error *debug_info_make(const struct merge *m, const struct livepatch_part *parts, size_t n,
			      struct object **out) __must_check;

#endif

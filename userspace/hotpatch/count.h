/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting stubs: what a site leads to while calls are counted, and at no other time.
 *
 *	lock incq cell(%rip)
 *	jmp fresh
 *
 * The stub is right code: who goes through it gets to the new function as by the bare jump, so
 * that a manager that is killed leaves nothing wrong, only counting. It uses no stack and no
 * register; flags are free at a function's entry (psABI, "Register Usage"), but for the direction
 * flag, which it leaves alone. An increment that is locked loses no count, whatever the number of
 * threads. The cell is aligned, so that no lock is split.
 *
 * The site is changed from stub to bare jump in a stop, not while threads run: the four bytes of
 * a jump behind an endbr64 cross an aligned word, /proc/PID/mem promises no single store, and
 * Intel's manual no reader that is not serialised. The stop needs no look at stacks, since nobody
 * can be where he must not. Pure.
 */
#ifndef SUTURE_HOTPATCH_COUNT_H
#define SUTURE_HOTPATCH_COUNT_H

#include <stdbool.h>
#include <stdint.h>

#define COUNT_STUB 16u
#define COUNT_CELL 8u

/* The bytes of a stub at 'at'; false if one of the others is out of reach. */
bool count_make(uint64_t at, uint64_t cell, uint64_t fresh, uint8_t out[COUNT_STUB]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gates make the switch of several functions one. While their jumps are written one after the
 * other, each leads to a gate: a few instructions that go to the new function if a flag is set,
 * and else do what stood at the site and go on behind it. The flag of a patch is one byte, so
 * that all its functions change with one write; a manager that is killed before it leaves what
 * was, one that is killed behind it leaves what was wanted. Afterwards the jumps lead directly to
 * where they belong, and no gate is left in the way.
 *
 *	cmpb $0, flag(%rip)
 *	jne fresh
 *	<the instructions that the jump overwrites, made to work here>
 *	jmp <behind them>
 *
 * Flags are free at a function's entry (psABI, "Register Usage"). Pure.
 */
#ifndef SUTURE_HOTPATCH_GATE_H
#define SUTURE_HOTPATCH_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GATE_SIZE 96u

struct gate {
	uint64_t at;   /* where it will lie */
	uint64_t flag; /* address of the byte; 0: only what is displaced, always */
	uint64_t fresh;
	uint64_t site;	      /* address of the jump */
	const uint8_t *bytes; /* what is there before it, and behind */
	size_t n;
};

/*
 * The gate's bytes. False if what it displaces can't be done elsewhere (a loop instruction, bytes
 * that are none) or is out of reach there.
 */
bool gate_make(const struct gate *g, uint8_t out[GATE_SIZE]);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few instructions that are written into a process. Pure.
 *
 * Knowledge: the instruction set reference's "MOV"; registers are numbered as in instructions.
 */
#ifndef SUTURE_HOTPATCH_EMIT_H
#define SUTURE_HOTPATCH_EMIT_H

#include <stdint.h>
#include <string.h>

enum emit_register {
	EMIT_RAX,
	EMIT_RCX,
	EMIT_RDX,
	EMIT_RBX,
	EMIT_RSP,
	EMIT_RBP,
	EMIT_RSI,
	EMIT_RDI,
	EMIT_R8,
	EMIT_R9,
	EMIT_R10,
	EMIT_R11,
	EMIT_R12,
	EMIT_R13,
	EMIT_R14,
	EMIT_R15,
};

/* The caller gives it room for all that it emits. */
struct emit {
	uint8_t *bytes;
	size_t n;
};

static inline void emit_bytes(struct emit *e, const void *p, size_t n)
{
	memcpy(e->bytes + e->n, p, n);
	e->n += n;
}

/* mov $value, %register */
static inline void emit_load(struct emit *e, enum emit_register reg, uint64_t value)
{
	uint8_t wide[2] = { (uint8_t)(0x48 | (reg >> 3)), (uint8_t)(0xb8 | (reg & 7)) };
	uint32_t narrow = (uint32_t)value;

	if (value != narrow) {
		emit_bytes(e, wide, 2);
		emit_bytes(e, &value, sizeof(value));
		return;
	}
	/* The upper half becomes zero. */
	if (reg >= 8)
		emit_bytes(e, &(uint8_t){ 0x41 }, 1);
	emit_bytes(e, &wide[1], 1);
	emit_bytes(e, &narrow, sizeof(narrow));
}

/* To any address: no register is touched. */
static inline void emit_jump(struct emit *e, uint64_t to)
{
	static const uint8_t jump[] = { 0x3e, 0xff, 0x25, 0, 0, 0, 0 }; /* notrack jmp *(%rip) */

	emit_bytes(e, jump, sizeof(jump));
	emit_bytes(e, &to, sizeof(to));
}

#endif

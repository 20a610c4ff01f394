/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runtime constants: instructions whose operand the kernel replaces in its own image once it has
 * booted (dentry_hashtable, USER_PTR_MAX, ...), and in no module. New code that has such an
 * instruction gets the live value when the patch is loaded (kmod/payload/constants.c), read
 * from instructions of the kernel that have the same constant.
 *
 * Knowledge: arch/x86/include/asm/runtime-const.h, the same from 6.11 on: a section
 * runtime_ptr_NAME has the place of each 8-byte operand of "movabs $0x0123456789abcdef, REG",
 * runtime_shift_NAME that of each 1-byte operand of "shrl $12, REG"; 4 bytes an entry, relative
 * to itself.
 */
#ifndef SUTURE_LIVEPATCH_CONSTANTS_H
#define SUTURE_LIVEPATCH_CONSTANTS_H

#include "kmod/payload/records.h"
#include "livepatch/merge.h"
#include "livepatch/reference.h"

/* An instruction of the kernel: a place in a function that can be named. */
struct constant_source {
	struct livepatch_reference function;
	struct symbol *symbol; /* of the module, for the function; the caller's */
	uint64_t offset;       /* of the operand, in the function */
	uint8_t lead[SUTURE_CONSTANT_LEAD];
};

/* An instruction of the new code. */
struct constant {
	size_t input; /* of the merge */
	const struct symbol *symbol;
	int64_t addend; /* behind it, the operand */
	const struct constant_kind *kind;
	struct constant_source sources[SUTURE_CONSTANT_SOURCES];
	size_t n_sources; /* at least one */
};

struct constants {
	VEC(struct constant) list;
};

/*
 * Append those of a part. ERROR_REFUSED, naming the constant, if the new code or the kernel's
 * holds anything but what is expected there, or no place in the kernel can be named.
 */
struct error *constants_find(const struct naming *n, const struct livepatch_part *part,
			     size_t input, struct constants *out) __must_check;
/* Once the sections are placed: the records, into a table that has room for them. */
struct error *constants_fill(const struct merge *m, const struct constants *c,
			     struct section *table) __must_check;
void constants_free(struct constants *c);

#endif

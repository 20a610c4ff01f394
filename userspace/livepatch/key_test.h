/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A branch on a static key, made into a test of the key.
 *
 * The kernel turns the nop or jump of such a branch over when the key changes. It can't for
 * a key that belongs to a module: it reads __jump_table when the patch is loaded, long before
 * livepatch fills in what belongs to a module. So the five bytes of the branch become a jump
 * to a few instructions behind the function, which look at the key each time:
 *
 *		push	%rcx
 *		xchg	%rcx, (%rsp)
 *		mov	KEY(%rip), %ecx
 *		jrcxz	1f
 *		pop	%rcx
 *		jmp	where the branch goes with the key on
 *	1:	pop	%rcx
 *		jmp	where it goes with the key off
 *		int3
 *
 * Why that is the same:
 *  - The kernel's rule is "jump if static_key_enabled(key) is not what the entry's lowest bit
 *    says", and static_key_enabled() is that 'enabled', the first member, is not zero: below
 *    zero is "being turned on", which counts as on (kernel/jump_label.c). That 'enabled' is
 *    first and has 4 bytes is checked by the compiler of the glue (kmod/payload/payload.c).
 *  - Nothing but rcx is used, which is put back, and none of the instructions changes a flag.
 *    The kernel is built without a red zone, so what is below rsp is nobody's.
 *  - Order: a load on x86 is not done before earlier loads, and xchg with memory is a full
 *    barrier for earlier stores. Whoever changes a key does so by an atomic operation, or has
 *    one behind it, before text is patched at all. So each test is before the change or behind
 *    it, for all CPUs and together with everything else in memory. Patched text promises no
 *    more: a CPU that has passed the nop goes on as it did, and several branches do not change
 *    at one moment either. What only patched text has is that a CPU does not speculate past
 *    it. That is relied on in noinstr code (the way into a guest, into the kernel), and no
 *    code of a patch is reached from there: it has no ftrace sites.
 *  - Whoever walks the stack of a task preempted in there finds its way: rsp is 8 lower than
 *    at the branch, and entries for ORC say so. The test lies behind the function's own code
 *    and before the next symbol, so livepatch sees that the task is in this function, and
 *    does not give it up before the task is out of it.
 *
 * Knowledge: struct jump_entry (include/linux/jump_label.h), struct orc_entry (arch/x86/
 * include/asm/orc_types.h: s16 sp_offset and bp_offset, then two registers of four bits; 6
 * bytes from 6.1 to 7.2), unwind_module_init() (sorts the entries).
 */
#ifndef SUTURE_LIVEPATCH_KEY_TEST_H
#define SUTURE_LIVEPATCH_KEY_TEST_H

#include "elf/object.h"

#define KEY_TEST_SITE 5 /* bytes of a branch that has room for the jump */

struct key_branch {
	struct section *section; /* of the object; */
	uint64_t offset;	 /* in it: the nop or jump */
	/* Of the entry in __jump_table: where to, and which key with which flags. */
	const struct reloc *target, *key;
};

/* Bytes of the branch: 2 or 5; 0 if there is neither a nop nor a jump of that size. */
unsigned int key_branch_size(const struct section *s, uint64_t offset);

/*
 * Rewrite a branch of KEY_TEST_SITE bytes. The function, its section and the tables for ORC
 * grow; no symbol is added. ERROR_REFUSED if the branch, what is behind the function, or how
 * the stack looks there is not understood; the object may be half changed then.
 */
struct error *key_test_write(struct object *o, const struct key_branch *b) __must_check;

#endif

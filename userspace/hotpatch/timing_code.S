/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all timed functions of a patch share (timing.h): bytes that are copied into the process.
 * Every register is as it was when they are left, for a caller in the same file may count on more
 * of them than the ABI says (gcc's -fipa-ra). The return comes last: timing_return() says why.
 */
#include "hotpatch/timing_layout.h"

/* The slot that is looked at first for the key in rsi: rcx; how many may be: edx. */
	.macro first_slot
	imul	$TIMING_HASH, %rsi, %rcx
	shr	$32, %rcx
	and	$(TIMING_SLOTS - 1), %ecx
	shl	$TIMING_SLOT_BITS, %ecx
	mov	data(%rip), %rdx
	lea	TIMING_TABLE(%rdx, %rcx), %rcx
	mov	$TIMING_PROBES, %edx
	.endm

	.section .note.GNU-stack, "", @progbits
	.section .rodata
	.globl timing_code, timing_code_enter, timing_code_return, timing_code_end
	.hidden timing_code, timing_code_enter, timing_code_return, timing_code_end
	.balign 16
timing_code:
data:
	.quad	0			/* where the data is; filled in */

/*
 * From a stub, which has pushed rax, rcx, rdx, rsi and rdi: rdi has the function's counters. A
 * slot is taken for this call, and the return address becomes ours.
 */
timing_code_enter:
	lock incq TIMING_ENTRIES(%rdi)
	lea	48(%rsp), %rsi		/* where the return address is: the key */
	lea	timing_code_return(%rip), %rax
	cmp	%rax, (%rsi)		/* a tail call out of one that is timed */
	je	unseen
	first_slot
look:
	mov	(%rcx), %rax
	cmp	%rsi, %rax		/* of a call that never returned: longjmp() */
	je	take
	test	%rax, %rax
	jnz	next
	lock cmpxchg %rsi, (%rcx)
	je	take
next:
	add	$TIMING_SLOT, %rcx
	dec	%edx
	jnz	look
unseen:
	lock incq TIMING_UNSEEN(%rdi)
	ret
take:
	mov	(%rsi), %rax
	mov	%rax, TIMING_SLOT_RETURN(%rcx)
	mov	%rdi, TIMING_SLOT_COUNTS(%rcx)
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, TIMING_SLOT_BEGAN(%rcx)
	lea	timing_code_return(%rip), %rax
	mov	%rax, (%rsi)
	ret

/*
 * Where a timed function returns to. The true address is back on the stack before the slot is
 * given up, so that whoever looks at a stopped thread finds it in one of both.
 */
timing_code_return:
	lea	-8(%rsp), %rsp
	push	%rax
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, %rdi
	lea	40(%rsp), %rsi
	first_slot
find:
	cmp	%rsi, (%rcx)
	je	found
	add	$TIMING_SLOT, %rcx
	dec	%edx
	jnz	find
	ud2				/* somebody wrote over the table */
found:
	mov	TIMING_SLOT_RETURN(%rcx), %rax
	mov	%rax, (%rsi)
	xor	%eax, %eax
	sub	TIMING_SLOT_BEGAN(%rcx), %rdi
	cmovb	%rax, %rdi		/* clocks of two processors */
	mov	TIMING_SLOT_COUNTS(%rcx), %rsi
	movq	$0, (%rcx)
	mov	%rdi, %rax
	mov	data(%rip), %rdx
	mulq	TIMING_RATE(%rdx)
	shrd	$32, %rdx, %rax		/* nanoseconds */
	lock add %rax, TIMING_NANOSECONDS(%rsi)
	cmp	$TIMING_SUB, %rax
	jb	count
	bsr	%rax, %rcx
	cmp	$TIMING_BITS, %ecx
	jae	longest
	sub	$TIMING_SUB_BITS, %ecx
	shr	%cl, %rax
	and	$(TIMING_SUB - 1), %eax
	lea	TIMING_SUB(%rax, %rcx, TIMING_SUB), %rax
	jmp	count
longest:
	mov	$(TIMING_BUCKETS - 1), %eax
count:
	lock incq TIMING_COUNTED(%rsi, %rax, 8)
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax
	ret
timing_code_end:

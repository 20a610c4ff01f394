/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A function of a process called by one of its own threads, while the others run: for a fix's
 * hooks, and to make the unwinder know new code.
 *
 * A thread is borrowed that waits in the kernel for something to do, and has no frame in the
 * loader, the unwinder or an allocator: it holds none of their locks. It runs a stub in the patch's
 * own pages, on a stack of its own there: the call, a note of its result, then loads of all
 * registers, the vector registers too, and a jump to where it was; the system call that it waited
 * in begins anew. Nothing of it needs the manager: a thread whose manager is killed finds its own
 * way back.
 *
 * Nobody ends a call that takes too long: the thread may hold locks. The call goes on, and until it
 * is over the patch's pages stay.
 *
 * Knowledge: System V ABI, x86-64 supplement ("Function Calling Sequence"); the instruction set
 * reference's "XRSTOR"; ptrace(2), NT_X86_XSTATE.
 */
#ifndef SUTURE_HOTPATCH_CALL_H
#define SUTURE_HOTPATCH_CALL_H

#include <sys/user.h>

#include "hotpatch/process.h"

#define CALL_CODE 512u	   /* bytes of the stub, in the patch's CODE */
#define CALL_DATA 0x15000u /* and of its own memory, writable: what is here, registers, stack */

struct call_place {
	uint64_t code, data; /* addresses; data begins a page */
};

/* Words at the beginning of the data, and room behind them. */
enum call_word {
	CALL_STATE = 0,
	CALL_RESULT = 8,
	CALL_FRAMES = 16,	 /* 1: the unwinder knows of the new code */
	CALL_SCRATCH = 256,	 /* room for what a function wants to be lent, 256 bytes */
	CALL_REGISTERS = 0x1000, /* the vector registers, as XSAVE has them */
};

enum call_state { CALL_IDLE, CALL_RUNS, CALL_DONE };

struct call {
	const char *name; /* for messages */
	uint64_t function, args[2];
	enum call_word note; /* the word that becomes 'noted' with the result; CALL_RESULT: none */
	uint64_t noted;
	double seconds; /* that it is waited for: a thread that may be borrowed, and its end */
};

/*
 * ERROR_PENDING: no thread could be borrowed in time, or it is still at it. 'dirty': the calling
 * thread must end (stop.h).
 */
struct error *call_run(const struct opened *o, const struct call_place *at, const struct call *c,
		       int64_t *result, bool *dirty) __must_check;

/* ERROR_PENDING while a thread is in the stub or in what it calls: the pages must stay. */
struct error *call_is_over(const struct opened *o, const struct call_place *at,
			   bool *dirty) __must_check;

struct error *call_read(const struct opened *o, const struct call_place *at, enum call_word word,
			uint64_t *out) __must_check;

/* Pure: the stub, for a thread that was stopped with these registers. */
struct error *call_assemble(const struct call_place *at, const struct call *c,
			    const struct user_regs_struct *regs,
			    uint8_t out[CALL_CODE]) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A few system calls made by a thread of another process, which never notices.
 *
 * The thread runs a stub, written into the unused rest of the last page of some file's code: the
 * calls, then loads of all registers that they change, then a jump to where the thread was; a
 * system call that the stop interrupted is begun again by the jump. The usual way is shorter:
 * the manager waits at the exit of the last call and puts the registers back itself, exactly.
 * The rest of the stub is for a manager that is killed: the kernel lets the thread go, which
 * finds its own way back. The stub needs no stack, no signal frame, and leaves the restart block
 * alone, so that a sleep goes on for what remained of it.
 *
 * Knowledge: the x86-64 system call convention; arch/x86/kernel/signal.c (how an interrupted
 * call begins again).
 */
#ifndef SUTURE_HOTPATCH_INJECT_H
#define SUTURE_HOTPATCH_INJECT_H

#include "hotpatch/process.h"
#include "hotpatch/stop.h"

#define INJECT_CALLS 4
#define INJECT_STUB_MOST 376

struct inject_call {
	uint64_t number, args[6];
};

struct inject {
	struct inject_call calls[INJECT_CALLS];
	unsigned int n;
	unsigned int done; /* of them, with their results: those are not made again */
	int64_t results[INJECT_CALLS];
	/* What the calls are about, written behind the stub for whoever finds it left there. */
	uint64_t base, size;
};

/* Pure: the stub's bytes, for a thread that was stopped with these registers. */
struct inject_stub {
	uint8_t bytes[INJECT_STUB_MOST];
	size_t n;
};
struct error *inject_assemble(const struct inject *in, const struct user_regs_struct *regs,
			      struct inject_stub *out) __must_check;

/*
 * A place for the stub: unused bytes of a page of code, which are still as the file has them.
 * ERROR_REFUSED if there are none. A place where a manager was killed has a stub: 'left' tells,
 * and what it was about; it may be used or cleared once no thread is in it.
 */
struct inject_place {
	uint64_t address;
	uint8_t was[INJECT_STUB_MOST]; /* the file's bytes */
	bool left;
	uint64_t left_base, left_size;
};
struct error *inject_find_place(struct opened *o, struct inject_place *out) __must_check;
/* Look for it anew the next time: one that was left is gone. */
void inject_forget_place(struct opened *o);

/*
 * Make the calls that are not done yet by the thread, which is stopped, and is stopped with its
 * registers as they were afterwards: more calls may follow, or stop_release(). A result that is an
 * error ends it early: done tells how far it came. ERROR_PENDING: a signal came first; let the
 * thread go and try again.
 */
struct error *inject_run(struct stop *s, struct stopped_thread *t, const struct inject_place *at,
			 struct inject *in) __must_check;

/* --- for other ways of borrowing a thread (call.h) ---------------------------------------- */

#define USER_CODE 0x33 /* the code segment of 64-bit programs */

/* Where the thread goes on when nobody puts its registers back: as the kernel would have it. */
void inject_begin_anew(struct user_regs_struct *r);
/*
 * Pure: does a thread that is in the kernel (orig_rax is not negative) come from a system call?
 * 'around' are the bytes before rip, and at it. One whose call the kernel has already set to begin
 * anew, and which was stopped once more before it did, stands before the call, not behind it.
 */
#define INJECT_CALL_SIZE 2
bool inject_is_in_call(const struct user_regs_struct *r,
		       const uint8_t around[2 * INJECT_CALL_SIZE]);
/* ERROR_PENDING: it is where it must not be led away from. */
struct error *inject_check_thread(struct stop *s, const struct stopped_thread *t) __must_check;
struct error *inject_set_registers(struct stop *s, const struct stopped_thread *t,
				   const struct user_regs_struct *r) __must_check;

/* Put back what lay there. No thread may be in the stub. */
struct error *inject_clear(const struct opened *o, const struct inject_place *at) __must_check;

#endif

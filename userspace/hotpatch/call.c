// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/call.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"
#include "hotpatch/emit.h"
#include "hotpatch/inject.h"
#include "hotpatch/unwind.h"

#define STOP_SECONDS 0.5
#define PAUSE_NS 200000
#define SECONDS 2.0 /* if the caller does not say */
#define THREADS_MOST 64
#define REGISTERS_MOST 0x3000u
#define REGISTERS_USUAL 512u /* the least that XSAVE writes, without its header */
#define FLAGS 0xcd5u	     /* those that a program has: no trap, no alignment check */

/* --- the stub ------------------------------------------------------------------------- */

static void store(struct emit *e, uint64_t address, uint32_t value)
{
	static const uint8_t to_rax[] = { 0x48, 0xc7, 0x00 }; /* movq $value, (%rax) */

	emit_load(e, EMIT_RAX, address);
	emit_bytes(e, to_rax, sizeof(to_rax));
	emit_bytes(e, &value, sizeof(value));
}

struct error *call_assemble(const struct call_place *at, const struct call *c,
			    const struct user_regs_struct *regs, uint8_t out[CALL_CODE])
{
	static const uint8_t call_rax[] = { 0xff, 0xd0 };
	static const uint8_t to_rdx[] = { 0x48, 0x89, 0x02 };	    /* mov %rax, (%rdx) */
	static const uint8_t xrstor[] = { 0x48, 0x0f, 0xae, 0x2f }; /* xrstor64 (%rdi) */
	static const uint8_t popfq[] = { 0x9d };
	struct emit e = { .bytes = out };
	struct user_regs_struct r = *regs;
	uint32_t flags;

	if (regs->cs != USER_CODE)
		return error_refused("it runs 32-bit code");
	inject_begin_anew(&r);
	flags = (uint32_t)r.eflags & FLAGS;
	memset(out, 0xcc, CALL_CODE);
	emit_load(&e, EMIT_RSP, at->data + CALL_DATA - 64);
	emit_load(&e, EMIT_RDI, c->args[0]);
	emit_load(&e, EMIT_RSI, c->args[1]);
	emit_load(&e, EMIT_RAX, c->function);
	emit_bytes(&e, call_rax, sizeof(call_rax));
	emit_load(&e, EMIT_RDX, at->data + CALL_RESULT);
	emit_bytes(&e, to_rdx, sizeof(to_rdx));
	if (c->note != CALL_RESULT)
		store(&e, at->data + c->note, (uint32_t)c->noted);
	emit_load(&e, EMIT_RDI, at->data + CALL_REGISTERS);
	emit_load(&e, EMIT_RAX, UINT32_MAX);
	emit_load(&e, EMIT_RDX, UINT32_MAX);
	emit_bytes(&e, xrstor, sizeof(xrstor));
	emit_bytes(&e, &(uint8_t){ 0x68 }, 1); /* push $flags */
	emit_bytes(&e, &flags, sizeof(flags));
	store(&e, at->data + CALL_STATE, CALL_DONE);
	emit_bytes(&e, popfq, sizeof(popfq));
	emit_load(&e, EMIT_RAX, r.rax);
	emit_load(&e, EMIT_RCX, r.rcx);
	emit_load(&e, EMIT_RDX, r.rdx);
	emit_load(&e, EMIT_RBX, r.rbx);
	emit_load(&e, EMIT_RBP, r.rbp);
	emit_load(&e, EMIT_RSI, r.rsi);
	emit_load(&e, EMIT_RDI, r.rdi);
	emit_load(&e, EMIT_R8, r.r8);
	emit_load(&e, EMIT_R9, r.r9);
	emit_load(&e, EMIT_R10, r.r10);
	emit_load(&e, EMIT_R11, r.r11);
	emit_load(&e, EMIT_R12, r.r12);
	emit_load(&e, EMIT_R13, r.r13);
	emit_load(&e, EMIT_R14, r.r14);
	emit_load(&e, EMIT_R15, r.r15);
	emit_load(&e, EMIT_RSP, r.rsp);
	emit_jump(&e, r.rip);
	return NULL;
}

/* --- who may be borrowed ----------------------------------------------------------------- */

/* System calls in which threads wait for something to do. */
static bool waits(const struct user_regs_struct *r)
{
	static const long calls[] = {
		SYS_epoll_wait,	     SYS_epoll_pwait,	  SYS_epoll_pwait2,  SYS_poll,
		SYS_ppoll,	     SYS_select,	  SYS_pselect6,	     SYS_nanosleep,
		SYS_clock_nanosleep, SYS_accept,	  SYS_accept4,	     SYS_read,
		SYS_recvfrom,	     SYS_recvmsg,	  SYS_wait4,	     SYS_waitid,
		SYS_pause,	     SYS_rt_sigtimedwait, SYS_rt_sigsuspend,
	};

	if ((int64_t)r->orig_rax < 0)
		return false;
	/* Condition variables, semaphores, the end of a thread; but not a lock. */
	if (r->orig_rax == SYS_futex)
		return (r->rsi & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET;
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++)
		if ((long)r->orig_rax == calls[i])
			return true;
	return false;
}

static bool is_delicate(const char *name)
{
	static const char *const words[] = { "/ld-linux", "/ld-musl", "/libgcc_s", "/libunwind",
					     "jemalloc",  "tcmalloc", "mimalloc" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(name, words[i]))
			return true;
	return false;
}

struct borrower {
	const struct opened *o;
	struct maps maps;
	struct stack_look look;
	struct unwind *unwind;
	VEC(struct stack_range) delicate;
};

static void borrower_free(struct borrower *b)
{
	unwind_close(&b->unwind);
	stack_look_close(&b->look);
	maps_free(&b->maps);
	vec_free(&b->delicate);
}

static struct error *borrower_open(const struct opened *o, struct borrower *b)
{
	b->o = o;
	TRY(maps_read_open(o->query, &b->maps));
	TRY(stack_look_open(o->query, &b->maps, 1, &b->look));
	vec_for_each(&o->maps.v, m)
		if (m->exec && is_delicate(m->name))
			TRY(vec_push(&b->delicate,
				     (struct stack_range){ m->start, m->end, m->name }));
	return unwind_open(o, &b->unwind);
}

/* NULL: it is at rest, outside of whatever holds locks that a call could want. */
static struct error *may_borrow(struct borrower *b, struct stop *s, const struct stopped_thread *t)
{
	struct stack_hit hit;

	if (t->signal)
		return error_new(ERROR_PENDING, "a signal came to thread %d", t->tid);
	if (!waits(&t->regs))
		return error_new(ERROR_PENDING, "thread %d is at work", t->tid);
	TRY(inject_check_thread(s, t));
	TRY(stack_check(s, &b->look, b->delicate.v, b->delicate.n, &hit));
	if (hit.range && !unwind_is_outside(b->unwind, t, NULL, b->delicate.v, b->delicate.n))
		return error_new(ERROR_PENDING, "thread %d may be in %s", t->tid, hit.range->name);
	return NULL;
}

/* --- the call --------------------------------------------------------------------------- */

static struct error *write_word(const struct opened *o, const struct call_place *at,
				enum call_word word, uint64_t value)
{
	return memory_write(&o->memory, at->data + word, &value, sizeof(value));
}

struct error *call_read(const struct opened *o, const struct call_place *at, enum call_word word,
			uint64_t *out)
{
	return memory_read(&o->memory, at->data + word, out, sizeof(*out));
}

static struct error *copy_registers(const struct opened *o, const struct call_place *at, pid_t tid)
{
	uint8_t *bytes __free = malloc(REGISTERS_MOST);
	struct iovec io = { bytes, REGISTERS_MOST };

	if (!bytes)
		return error_nomem();
	if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_X86_XSTATE, &io))
		return error_with_kind(error_errno(errno, "the vector registers of thread %d", tid),
				       ERROR_REFUSED);
	if (io.iov_len <= REGISTERS_USUAL || io.iov_len == REGISTERS_MOST)
		return error_refused("the vector registers of thread %d have an unknown size", tid);
	return memory_write(&o->memory, at->data + CALL_REGISTERS, bytes, io.iov_len);
}

/* From here on it finds its own way. */
static struct error *send(struct borrower *b, const struct call_place *at, const struct call *c,
			  struct stop *s, struct stopped_thread *t)
{
	struct user_regs_struct there = t->regs;
	uint8_t code[CALL_CODE];
	struct error *e;

	TRY(call_assemble(at, c, &t->regs, code));
	TRY(copy_registers(b->o, at, t->tid));
	TRY(memory_write(&b->o->memory, at->code, code, sizeof(code)));
	TRY(write_word(b->o, at, CALL_STATE, CALL_RUNS));
	there.rip = at->code;
	there.orig_rax = (uint64_t)-1;
	e = inject_set_registers(s, t, &there);
	if (e)
		error_free(&(struct error *){ write_word(b->o, at, CALL_STATE, CALL_IDLE) });
	else
		t->regs = there;
	return e;
}

static struct error *try_thread(struct borrower *b, const struct call_place *at,
				const struct call *c, pid_t tid, bool *dirty)
{
	struct stop s __cleanup_stop = STOP_NONE;
	struct error *e;

	TRY(stop_open(&b->o->memory, &s));
	e = stop_one(&s, tid, STOP_SECONDS);
	if (!e)
		e = may_borrow(b, &s, &s.threads.v[0]);
	if (!e)
		e = send(b, at, c, &s, &s.threads.v[0]);
	if (s.threads.n && !s.threads.v[0].stopped)
		*dirty = true;
	return e;
}

static void pause_briefly(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
}

/* Some thread takes it; *tid is which. */
static struct error *borrow(struct borrower *b, const struct call_place *at, const struct call *c,
			    double until, pid_t *tid, bool *dirty)
{
	struct error *e = NULL;

	do {
		pid_t tids[THREADS_MOST];
		size_t n = process_threads(b->o->process.pid, tids, THREADS_MOST);

		for (size_t i = 0; i < n && !*dirty; i++) {
			error_free(&e);
			*tid = tids[i];
			e = try_thread(b, at, c, tids[i], dirty);
			if (!e ||
			    (error_kind(e) != ERROR_PENDING && error_kind(e) != ERROR_NOTHING))
				return e;
		}
		if (!n)
			break;
		pause_briefly();
	} while (!*dirty && clock_seconds() < until);
	return e ? error_context(e, "no thread could call %s()", c->name)
		 : error_new(ERROR_NOTHING, "it has ended");
}

/* --- its end -------------------------------------------------------------------------------- */

static bool is_within(const struct stopped_thread *t, const struct call_place *at)
{
	return (t->regs.rip >= at->code && t->regs.rip < at->code + CALL_CODE) ||
	       (t->regs.rsp >= at->data && t->regs.rsp < at->data + CALL_DATA);
}

/* Stopped for a moment, and let go. */
static struct error *look_at_all(const struct opened *o, const struct call_place *at, bool *any,
				 bool *dirty)
{
	struct stop s __cleanup_stop = STOP_NONE;
	struct error *e;

	*any = false;
	TRY(stop_open(&o->memory, &s));
	e = stop_seize(&s);
	if (!e)
		e = stop_all(&s, STOP_SECONDS);
	vec_for_each(&s.threads, t) {
		*any |= t->stopped && is_within(t, at);
		*dirty |= !t->stopped;
	}
	return e;
}

struct error *call_is_over(const struct opened *o, const struct call_place *at, bool *dirty)
{
	uint64_t state;
	bool any;

	TRY(call_read(o, at, CALL_STATE, &state));
	if (state == CALL_IDLE)
		return NULL;
	TRY(look_at_all(o, at, &any, dirty));
	if (any)
		return error_new(ERROR_PENDING, "a thread is still in a call that was made for the "
						"patch");
	return write_word(o, at, CALL_STATE, CALL_IDLE);
}

static struct error *await(const struct opened *o, const struct call_place *at,
			   const struct call *c, double until, int64_t *result, bool *dirty)
{
	uint64_t state, value = 0;

	for (;;) {
		TRY(call_read(o, at, CALL_STATE, &state));
		if (state == CALL_DONE)
			break;
		if (clock_seconds() > until)
			return error_new(ERROR_PENDING, "%s() has not returned", c->name);
		pause_briefly();
	}
	TRY(call_read(o, at, CALL_RESULT, &value));
	*result = (int64_t)value;
	/* It has some instructions to go. */
	for (;;) {
		struct error *e = call_is_over(o, at, dirty);

		if (!e || error_kind(e) != ERROR_PENDING || *dirty || clock_seconds() > until)
			return e;
		error_free(&e);
		pause_briefly();
	}
}

struct error *call_run(const struct opened *o, const struct call_place *at, const struct call *c,
		       int64_t *result, bool *dirty)
{
	struct borrower b __cleanup(borrower_free) = { .look = STACK_LOOK_CLOSED };
	double until = clock_seconds() + (c->seconds > 0 ? c->seconds : SECONDS);
	pid_t tid;

	TRY(call_is_over(o, at, dirty));
	TRY(borrower_open(o, &b));
	TRY(borrow(&b, at, c, until, &tid, dirty));
	return await(o, at, c, until, result, dirty);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/inject.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

#include "hotpatch/emit.h"

#define RUN_SECONDS 0.5
#define TRAPS_MOST 4
#define SYSCALL_SIZE INJECT_CALL_SIZE

static const uint8_t syscall_insn[SYSCALL_SIZE] = { 0x0f, 0x05 };
static const char left_mark[16] = "suture's stub\0\1";

/* Behind the code, for whoever finds it. */
struct trailer {
	char mark[16];
	uint64_t base, size;
};

/* --- the stub ------------------------------------------------------------------------- */

static void put_call(struct emit *s, const struct inject_call *c)
{
	static const enum emit_register args[6] = { EMIT_RDI, EMIT_RSI, EMIT_RDX,
						    EMIT_R10, EMIT_R8,	EMIT_R9 };

	emit_load(s, EMIT_RAX, c->number);
	for (unsigned int i = 0; i < 6; i++)
		emit_load(s, args[i], c->args[i]);
	emit_bytes(s, syscall_insn, sizeof(syscall_insn));
}

void inject_begin_anew(struct user_regs_struct *r)
{
	enum { ERESTARTSYS = 512, ERESTARTNOINTR = 513, ERESTARTNOHAND = 514, RESTART_BLOCK = 516 };

	if ((int64_t)r->orig_rax < 0)
		return;
	switch (-(int64_t)r->rax) {
	case ERESTARTSYS:
	case ERESTARTNOINTR:
	case ERESTARTNOHAND:
		r->rax = r->orig_rax;
		break;
	case RESTART_BLOCK:
		r->rax = SYS_restart_syscall;
		break;
	default:
		if (!stop_cut_short(r))
			return;
		r->rax = r->orig_rax;
	}
	r->rip -= SYSCALL_SIZE;
}

struct error *inject_assemble(const struct inject *in, const struct user_regs_struct *regs,
			      struct inject_stub *out)
{
	struct trailer t = { .base = in->base, .size = in->size };
	struct emit e = { .bytes = out->bytes };
	struct user_regs_struct r = *regs;

	out->n = 0;
	if (regs->cs != USER_CODE)
		return error_refused("it runs 32-bit code");
	inject_begin_anew(&r);
	for (unsigned int i = in->done; i < in->n; i++)
		put_call(&e, &in->calls[i]);
	emit_load(&e, EMIT_RAX, r.rax);
	emit_load(&e, EMIT_RCX, r.rcx);
	emit_load(&e, EMIT_RDX, r.rdx);
	emit_load(&e, EMIT_RSI, r.rsi);
	emit_load(&e, EMIT_RDI, r.rdi);
	emit_load(&e, EMIT_R8, r.r8);
	emit_load(&e, EMIT_R9, r.r9);
	emit_load(&e, EMIT_R10, r.r10);
	emit_load(&e, EMIT_R11, r.r11);
	emit_jump(&e, r.rip);
	out->n = e.n;
	memset(out->bytes + out->n, 0xcc, INJECT_STUB_MOST - out->n);
	memcpy(t.mark, left_mark, sizeof(t.mark));
	memcpy(out->bytes + INJECT_STUB_MOST - sizeof(t), &t, sizeof(t));
	out->n = INJECT_STUB_MOST;
	return NULL;
}

/* --- its place ------------------------------------------------------------------------ */

/* The file's bytes of the page behind the load; behind the file's end there are zeros. */
static void file_rest(const struct mapped *f, uint64_t offset, uint8_t *p, size_t n)
{
	ssize_t got = pread(f->fd, p, n, (off_t)offset);

	got = got < 0 ? 0 : got;
	memset(p + got, 0, n - (size_t)got);
}

static bool is_usable(struct inject_place *p, const uint8_t *now)
{
	struct trailer t;

	if (!memcmp(now, p->was, INJECT_STUB_MOST))
		return true;
	memcpy(&t, now + INJECT_STUB_MOST - sizeof(t), sizeof(t));
	p->left = !memcmp(t.mark, left_mark, sizeof(t.mark));
	p->left_base = t.base;
	p->left_size = t.size;
	return p->left;
}

/* The unused end of the code in this mapping. */
static bool find_in(const struct opened *o, const struct mapping *m, const struct mapped *f,
		    struct inject_place *out)
{
	uint8_t now[INJECT_STUB_MOST];
	uint64_t bias;

	if (!mapped_bias(f, m, &bias))
		return false;
	for (unsigned int i = 0; i < f->n; i++) {
		const struct mapped_load *l = &f->loads[i];
		uint64_t end = (bias + l->address + l->in_memory + 15) & ~15ull;
		uint64_t page_end = (end + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
		struct error *e;

		/* What lies in memory alone is the loader's, and zero. */
		if (!l->exec || l->in_file != l->in_memory || end < m->start || page_end > m->end ||
		    page_end - end < INJECT_STUB_MOST)
			continue;
		*out = (struct inject_place){ .address = end };
		file_rest(f, l->offset + (end - bias - l->address), out->was, sizeof(out->was));
		e = memory_read(&o->memory, end, now, sizeof(now));
		if (!e && is_usable(out, now))
			return true;
		error_free(&e);
	}
	return false;
}

static bool find_in_file_of(const struct opened *o, const struct mapping *m,
			    struct inject_place *out)
{
	struct mapped f __cleanup_mapped = MAPPED_CLOSED;
	struct error *e __cleanup_error = NULL;

	if (m->start == o->at)
		return find_in(o, m, &o->file, out);
	e = mapped_open(o->process.via, m, &f);
	return !e && f.is_elf && find_in(o, m, &f, out);
}

static struct error *find_place(const struct opened *o, struct inject_place *out)
{
	uint8_t byte;

	vec_for_each(&o->maps.v, m)
		if (m->exec && !m->shared && m->inode && find_in_file_of(o, m, out))
			return NULL;
	/* Or it is no longer there to be read. */
	TRY(memory_read(&o->memory, o->low, &byte, 1));
	return error_refused("no file of it has %d unused bytes at the end of its code for the "
			     "call that maps memory",
			     INJECT_STUB_MOST);
}

struct error *inject_find_place(struct opened *o, struct inject_place *out)
{
	if (!o->place) {
		struct inject_place *p __free = calloc(1, sizeof(*p));

		if (!p)
			return error_nomem();
		TRY(find_place(o, p));
		o->place = take(p);
	}
	*out = *o->place;
	return NULL;
}

void inject_forget_place(struct opened *o)
{
	free_pointer(&o->place);
}

struct error *inject_clear(const struct opened *o, const struct inject_place *at)
{
	return memory_write(&o->memory, at->address, at->was, sizeof(at->was));
}

/* --- running it ----------------------------------------------------------------------- */

struct error *inject_set_registers(struct stop *s, const struct stopped_thread *t,
				   const struct user_regs_struct *r)
{
	int err = memory_trace(s->memory, PTRACE_SETREGS, t->tid, 0, (uintptr_t)r);

	return err ? error_errno(err, "setting the registers of thread %d", t->tid) : NULL;
}

/*
 * A restartable sequence (rseq(2)) that is left by a changed rip is not told that it was
 * interrupted. Rare and short: another time, then.
 */
static bool in_sequence(struct stop *s, const struct stopped_thread *t)
{
	struct __ptrace_rseq_configuration c = { 0 };
	uint64_t current = 0;
	struct error *e;

	if ((int64_t)t->regs.orig_rax >= 0 ||
	    ptrace(PTRACE_GET_RSEQ_CONFIGURATION, t->tid, (void *)sizeof(c), &c) <= 0 ||
	    !c.rseq_abi_pointer)
		return false;
	e = memory_read(s->memory, c.rseq_abi_pointer + 8, &current, sizeof(current));
	if (e) {
		error_free(&e);
		return true;
	}
	return current;
}

bool inject_is_in_call(const struct user_regs_struct *r, const uint8_t around[2 * INJECT_CALL_SIZE])
{
	bool anew = r->rax == r->orig_rax || r->rax == SYS_restart_syscall;

	return !memcmp(around, syscall_insn, SYSCALL_SIZE) ||
	       (anew && !memcmp(around + SYSCALL_SIZE, syscall_insn, SYSCALL_SIZE));
}

/* Only what is understood of how it came into the kernel. */
struct error *inject_check_thread(struct stop *s, const struct stopped_thread *t)
{
	uint8_t around[2 * SYSCALL_SIZE] = { 0 };

	if (in_sequence(s, t))
		return error_new(ERROR_PENDING, "thread %d is in a restartable sequence", t->tid);
	if ((int64_t)t->regs.orig_rax < 0)
		return NULL;
	TRY(memory_read(s->memory, t->regs.rip - SYSCALL_SIZE, around, SYSCALL_SIZE));
	if (inject_is_in_call(&t->regs, around))
		return NULL;
	TRY(memory_read(s->memory, t->regs.rip, around + SYSCALL_SIZE, SYSCALL_SIZE));
	if (!inject_is_in_call(&t->regs, around))
		return error_new(ERROR_PENDING, "thread %d has entered the kernel in another way",
				 t->tid);
	return NULL;
}

/*
 * One that was seized in a group stop may meet the interrupt only now: on from there. It stands in
 * user space then, with the registers that it was given.
 */
static enum stop_event to_call(struct stop *s, struct stopped_thread *t)
{
	enum stop_event event = STOP_TRAPPED;

	for (int i = 0; i < TRAPS_MOST && event == STOP_TRAPPED; i++)
		event = stop_step_on(s, t, PTRACE_SYSCALL);
	return event;
}

/* One call: its entry and its exit. */
static enum stop_event step_call(struct stop *s, struct stopped_thread *t, int64_t *result)
{
	struct user_regs_struct r;
	enum stop_event event = to_call(s, t);

	if (event != STOP_SYSCALL)
		return event;
	event = stop_step_on(s, t, PTRACE_SYSCALL);
	if (event != STOP_SYSCALL)
		return event;
	if (memory_trace(s->memory, PTRACE_GETREGS, t->tid, 0, (uintptr_t)&r))
		return STOP_GONE;
	*result = (int64_t)r.rax;
	return STOP_SYSCALL;
}

static struct error *unexpected(const struct stopped_thread *t, enum stop_event event)
{
	switch (event) {
	case STOP_GONE:
		return error_new(ERROR_NOTHING, "thread %d has ended", t->tid);
	case STOP_LATE:
		return error_new(ERROR_PENDING, "thread %d does not come back from a system call",
				 t->tid);
	default:
		return error_new(ERROR_PENDING, "a signal came to thread %d", t->tid);
	}
}

/* Within the limit that is set. */
static struct error *run(struct stop *s, struct stopped_thread *t, const struct inject_place *at,
			 struct inject *in)
{
	enum stop_event event = STOP_SYSCALL;
	struct user_regs_struct r = t->regs;
	struct inject_stub stub;

	if (t->signal)
		return unexpected(t, STOP_SIGNAL);
	TRY(inject_check_thread(s, t));
	TRY(inject_assemble(in, &t->regs, &stub));
	TRY(memory_write(s->memory, at->address, stub.bytes, stub.n));
	r.rip = at->address;
	r.orig_rax = (uint64_t)-1;
	TRY(inject_set_registers(s, t, &r));
	while (in->done < in->n && event == STOP_SYSCALL) {
		event = step_call(s, t, &in->results[in->done]);
		if (event == STOP_SYSCALL && in->results[in->done++] < 0 &&
		    in->results[in->done - 1] >= -4095)
			break;
	}
	/* Late: it goes its own way back, along the stub. */
	if (event == STOP_LATE || event == STOP_GONE)
		return unexpected(t, event);
	/*
	 * It stands at the exit of the last call then, and is let go from there: a detach has the
	 * kernel look at its signals, and with them at what it has to begin anew (kernel/ptrace.c,
	 * __ptrace_unlink()).
	 */
	TRY(inject_set_registers(s, t, &t->regs));
	return event == STOP_SYSCALL ? NULL : unexpected(t, event);
}

struct error *inject_run(struct stop *s, struct stopped_thread *t, const struct inject_place *at,
			 struct inject *in)
{
	struct error *e;

	stop_limit(s, RUN_SECONDS);
	e = run(s, t, at, in);
	stop_limit(s, 0);
	return e;
}

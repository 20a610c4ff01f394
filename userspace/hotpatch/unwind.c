// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/unwind.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <stdlib.h>

#define FRAMES_MOST 4096
#define REGISTERS 17

struct unwind {
	const struct memory *memory;
	Dwfl *dwfl;
	bool attached;
	/* Of the question that is being asked. */
	const struct stopped_thread *thread;
	const struct timing_calls *calls;
	const struct stack_range *v;
	size_t n, frames;
	bool inside;
};

/* --- the process, as libdwfl asks for it ------------------------------------------------ */

static pid_t next_thread(Dwfl *dwfl, void *arg, void **thread)
{
	struct unwind *u = arg;

	(void)dwfl;
	if (*thread)
		return 0;
	*thread = u;
	return u->thread->tid;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **thread)
{
	struct unwind *u = arg;

	(void)dwfl;
	*thread = u;
	return tid == u->thread->tid;
}

static bool read_word(Dwfl *dwfl, Dwarf_Addr at, Dwarf_Word *out, void *arg)
{
	struct unwind *u = arg;
	struct error *e __cleanup_error = memory_read(u->memory, at, out, sizeof(*out));
	const struct timing_call *timed = u->calls ? timing_calls_find(u->calls, at) : NULL;

	(void)dwfl;
	if (timed)
		*out = timed->returns;
	return !e;
}

/* In the order of the psABI's table of DWARF register numbers. */
static bool set_registers(Dwfl_Thread *thread, void *arg)
{
	const struct user_regs_struct *r = &((struct unwind *)arg)->thread->regs;
	const Dwarf_Word v[REGISTERS] = { r->rax, r->rdx, r->rcx, r->rbx, r->rsi, r->rdi,
					  r->rbp, r->rsp, r->r8,  r->r9,  r->r10, r->r11,
					  r->r12, r->r13, r->r14, r->r15, r->rip };

	return dwfl_thread_state_registers(thread, 0, REGISTERS, v);
}

static int no_debug_file(Dwfl_Module *m, void **data, const char *name, Dwarf_Addr base,
			 const char *file, const char *link, GElf_Word crc, char **found)
{
	/* What is mapped has what it takes, and nobody is asked for more over a network. */
	(void)m, (void)data, (void)name, (void)base, (void)file, (void)link, (void)crc, (void)found;
	return -1;
}

static int no_file(Dwfl_Module *m, void **data, const char *name, Dwarf_Addr base, char **file,
		   Elf **elf)
{
	(void)m, (void)data, (void)name, (void)base, (void)file, (void)elf;
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = no_file,
	.find_debuginfo = no_debug_file,
	.section_address = dwfl_offline_section_address,
};

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = read_word,
	.set_initial_registers = set_registers,
};

/* --- opening -------------------------------------------------------------------------- */

/* Each file once, at the bias that its code shows. */
static void report(struct unwind *u, const struct opened *o, const struct mapping *m)
{
	struct mapped f __cleanup_mapped = MAPPED_CLOSED;
	struct error *e __cleanup_error = mapped_open(o->process.via, m, &f);
	uint64_t bias;

	if (e || !f.is_elf || !mapped_bias(&f, m, &bias))
		return;
	if (dwfl_addrmodule(u->dwfl, m->start))
		return;
	if (dwfl_report_elf(u->dwfl, m->name, m->name, f.fd, bias, true))
		f.fd = -1; /* libdwfl's now */
}

struct error *unwind_open(const struct opened *o, struct unwind **out)
{
	struct unwind *u __cleanup_unwind = calloc(1, sizeof(*u));
	const struct mapping *last = NULL;

	if (!u)
		return error_nomem();
	u->memory = &o->memory;
	u->dwfl = dwfl_begin(&callbacks);
	if (!u->dwfl)
		return error_failed("libdwfl: %s", dwfl_errmsg(-1));
	dwfl_report_begin(u->dwfl);
	vec_for_each(&o->maps.v, m) {
		if (!m->exec || !m->inode || (last && mapping_same_file(m, last)))
			continue;
		report(u, o, m);
		last = m;
	}
	dwfl_report_end(u->dwfl, NULL, NULL);
	*out = take(u);
	return NULL;
}

void unwind_close(struct unwind **u)
{
	if (*u)
		dwfl_end((*u)->dwfl);
	free(*u);
	*u = NULL;
}

/* --- asking --------------------------------------------------------------------------- */

static int look_at_frame(Dwfl_Frame *frame, void *arg)
{
	struct unwind *u = arg;
	bool interrupted;
	Dwarf_Addr pc;

	if (++u->frames > FRAMES_MOST || !dwfl_frame_pc(frame, &pc, &interrupted))
		return DWARF_CB_ABORT;
	/* A return address may be that of the next function: the call is before it. */
	u->inside |= stack_range_of(u->v, u->n, pc) ||
		     (!interrupted && stack_range_of(u->v, u->n, pc - 1));
	return u->inside ? DWARF_CB_ABORT : DWARF_CB_OK;
}

bool unwind_is_outside(struct unwind *u, const struct stopped_thread *t,
		       const struct timing_calls *calls, const struct stack_range *v, size_t n)
{
	u->thread = t;
	u->calls = calls;
	u->v = v;
	u->n = n;
	u->frames = 0;
	u->inside = false;
	if (!u->attached) {
		u->attached =
			dwfl_attach_state(u->dwfl, NULL, u->memory->pid, &thread_callbacks, u);
		if (!u->attached)
			return false;
	}
	return !dwfl_getthread_frames(u->dwfl, t->tid, look_at_frame, u) && !u->inside && u->frames;
}

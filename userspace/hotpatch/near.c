// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/near.h"

#include <errno.h>
#include <stdio.h>
#include <linux/audit.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "hotpatch/header.h"
#include "hotpatch/inject.h"
#include "hotpatch/seccomp.h"
#include "hotpatch/stack.h"

#define STOP_SECONDS 0.5 /* of one thread, while the others run */
#define SWEEP_SECONDS 0.1
#define THREADS_MOST 8 /* that are tried, one after the other */
#define TRIES_MOST 24
#define PAUSE_NS 200000

static void add_map(struct inject *in, uint64_t start, uint64_t end, int prot)
{
	if (start == end)
		return;
	in->calls[in->n++] =
		(struct inject_call){ SYS_mmap,
				      { start, end - start, (uint64_t)prot,
					MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
					(uint64_t)-1, 0 } };
}

static void add_unmap(struct inject *in, uint64_t start, uint64_t size)
{
	in->calls[in->n++] = (struct inject_call){ SYS_munmap, { start, size } };
}

/* --- by one thread -------------------------------------------------------------------- */

static struct error *may_call(struct stop *s, const struct stopped_thread *t,
			      const struct inject_place *at, const struct inject *in)
{
	struct seccomp_data calls[INJECT_CALLS];

	for (unsigned int i = 0; i < in->n; i++) {
		calls[i] = (struct seccomp_data){ .nr = (int)in->calls[i].number,
						  .arch = AUDIT_ARCH_X86_64,
						  .instruction_pointer = at->address };
		memcpy(calls[i].args, in->calls[i].args, sizeof(calls[i].args));
	}
	return seccomp_allows(s, t->tid, calls, in->n);
}

/* What is to be done by a thread of the process. */
struct job {
	struct opened *o;
	struct inject in;
	struct inject_place place;
	const uint8_t *header;
	size_t header_n;
	bool found; /* the stub of a killed manager tells of what is to be done */
};

static bool failed(const struct inject *in)
{
	int64_t last = in->done ? in->results[in->done - 1] : 0;

	return in->done < in->n || (last < 0 && last >= -4095);
}

/* What was mapped before a later call failed; the place that tells that it is ours goes last. */
static struct error *take_back(struct stop *s, struct stopped_thread *t, struct job *j)
{
	struct inject undo = { .base = j->in.base, .size = j->in.size };

	for (unsigned int i = j->in.done; i > 1; i--)
		if (j->in.calls[i - 2].number == SYS_mmap)
			add_unmap(&undo, j->in.calls[i - 2].args[0], j->in.calls[i - 2].args[1]);
	return undo.n ? inject_run(s, t, &j->place, &undo) : NULL;
}

/* What tells that it is one comes last. */
static struct error *write_header(const struct job *j)
{
	size_t first = j->header_n < PAGE_BYTES ? j->header_n : PAGE_BYTES;

	if (!j->header)
		return NULL;
	if (first < j->header_n)
		TRY(memory_write(&j->o->memory, j->in.base + first, j->header + first,
				 j->header_n - first));
	return memory_write(&j->o->memory, j->in.base, j->header, first);
}

static struct error *judge(struct stop *s, struct stopped_thread *t, struct job *j)
{
	int64_t last;

	if (!failed(&j->in))
		return write_header(j);
	last = j->in.results[j->in.done - 1];
	TRY(take_back(s, t, j));
	j->in.done = 0;
	if (last == -EEXIST)
		return error_new(ERROR_PENDING, "the place near its code was taken meanwhile");
	return error_errno((int)-last, "mapping memory in the process");
}

static struct error *stop_and_run(struct job *j, struct stop *s, pid_t tid, bool *dirty)
{
	struct stopped_thread *t;
	struct error *e, *cleared;
	bool ran = false;

	e = stop_one(s, tid, STOP_SECONDS);
	t = s->threads.n ? &s->threads.v[0] : NULL;
	if (!e)
		e = may_call(s, t, &j->place, &j->in);
	if (!e) {
		ran = true;
		e = inject_run(s, t, &j->place, &j->in);
	}
	if (!e)
		e = judge(s, t, j);
	if (t && !t->stopped) {
		/* It may be in the stub, which stays for the next manager to clear. */
		*dirty = true;
		return e;
	}
	/* With something mapped already, the stub goes on telling of it. */
	if (ran && !(e && (j->in.done || j->found))) {
		cleared = inject_clear(j->o, &j->place);
		if (e)
			error_free(&cleared);
		else
			e = cleared;
	}
	return e;
}

static struct error *with_thread(struct job *j, struct stop *s, pid_t tid, bool *dirty)
{
	struct error *e = stop_and_run(j, s, tid, dirty);

	stop_release(s);
	return e;
}

/* --- by any that can ------------------------------------------------------------------ */

/*
 * On a busy machine a thread that is stopped again at once has not run a single instruction, and
 * stands where it stood.
 */
static void pause_briefly(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = PAUSE_NS }, NULL);
}

static struct error *run(struct job *j, bool *dirty)
{
	pid_t tids[THREADS_MOST] = { j->o->process.pid };
	struct error *e = NULL;
	struct stop *s;
	size_t n = 1;

	TRY(process_stop(j->o, &s));
	/* Calls that were made are not made again by the next. */
	for (size_t i = 0; i < TRIES_MOST && !*dirty; i++) {
		/* The first thread usually can. */
		if (i == 1)
			n = stop_list(s, tids, THREADS_MOST);
		if (!n)
			break;
		if (i)
			pause_briefly();
		error_free(&e);
		e = with_thread(j, s, tids[i % n], dirty);
		if (!e || (error_kind(e) != ERROR_PENDING && error_kind(e) != ERROR_NOTHING &&
			   error_kind(e) != ERROR_REFUSED))
			return e;
	}
	return e ? e : error_new(ERROR_NOTHING, "it has ended");
}

struct error *near_map(struct opened *o, const struct layout *l, uint64_t base,
		       const uint8_t *header, size_t n, bool *dirty)
{
	struct job j = {
		.o = o, .in = { .base = base, .size = l->end }, .header = header, .header_n = n
	};

	TRY(inject_find_place(o, &j.place));
	add_map(&j.in, base, base + l->const_end, PROT_READ);
	add_map(&j.in, base + l->code_start, base + l->code_end, PROT_READ | PROT_EXEC);
	add_map(&j.in, base + l->data_start, base + l->end, PROT_READ | PROT_WRITE);
	return run(&j, dirty);
}

struct error *near_unmap(struct opened *o, uint64_t base, uint64_t size, bool *dirty)
{
	struct job j = { .o = o, .in = { .base = base, .size = size } };

	TRY(inject_find_place(o, &j.place));
	add_unmap(&j.in, base, size);
	return run(&j, dirty);
}

/* --- what was left -------------------------------------------------------------------- */

/* Nor will anybody come back there from the handler of a signal that came in the midst of it. */
static struct error *nobody_in(const struct opened *o, const struct stop *s,
			       const struct inject_place *at)
{
	struct stack_range stub = { at->address, at->address + INJECT_STUB_MOST, "a stub" };
	struct stack_look look __cleanup_stack_look = STACK_LOOK_CLOSED;
	struct maps maps __cleanup_maps = { 0 };
	struct stack_hit hit;

	TRY(maps_read_open(o->query, &maps));
	TRY(stack_look_open(o->query, &maps, s->threads.n, &look));
	TRY(stack_check(s, &look, &stub, 1, &hit));
	return hit.range ? error_new(ERROR_PENDING,
				     "thread %d is still on its way out of a stub "
				     "that was left",
				     hit.tid)
			 : NULL;
}

bool near_may_be_ours(const struct maps *maps, uint64_t base, uint64_t size)
{
	bool any = false;

	if (size > (1ull << 30) || base + size < base || (base | size) & (PAGE_BYTES - 1))
		return false;
	vec_for_each(&maps->v, m) {
		bool usual =
			m->read && !(m->write && m->exec) && !m->inode && !m->shared && !*m->name;

		if (m->end <= base || m->start >= base + size)
			continue;
		if (!usual || m->start < base || m->end > base + size ||
		    (!any && (m->start != base || m->write || m->exec)))
			return false;
		any = true;
	}
	return any;
}

/* With a header it is a patch; before that nothing was written there. */
static bool is_leak(const struct opened *o, uint64_t base, uint64_t size)
{
	uint8_t first[sizeof(struct header_fixed)];
	struct error *e;

	if (!near_may_be_ours(&o->maps, base, size))
		return false;
	e = memory_read(&o->memory, base, first, sizeof(first));
	for (size_t i = 0; !e && i < sizeof(first); i++)
		if (first[i])
			return false;
	if (!e)
		return true;
	error_free(&e);
	return false;
}

/* What is mapped: the stub tells of it until it no longer is. */
static struct error *unmap_leak(struct opened *o, const struct inject_place *at, bool *dirty)
{
	struct job j = { .o = o,
			 .in = { .base = at->left_base, .size = at->left_size },
			 .place = *at,
			 .found = true };

	add_unmap(&j.in, at->left_base, at->left_size);
	return run(&j, dirty);
}

static struct error *stop_and_sweep(struct opened *o, struct stop *s, const struct inject_place *at,
				    bool leak)
{
	TRY(stop_seize(s));
	TRY(stop_all(s, SWEEP_SECONDS));
	TRY(nobody_in(o, s, at));
	return leak ? NULL : inject_clear(o, at);
}

struct error *near_sweep(struct opened *o, bool *any, bool *dirty)
{
	struct inject_place at;
	struct error *e = inject_find_place(o, &at);
	struct stop *s;
	bool leak;

	*any = !e && at.left;
	if (!*any) {
		error_free(&e);
		return NULL;
	}
	inject_forget_place(o);
	leak = is_leak(o, at.left_base, at.left_size);
	TRY(process_stop(o, &s));
	e = stop_and_sweep(o, s, &at, leak);
	*dirty |= e != NULL;
	stop_release(s);
	if (e)
		return e;
	return leak ? unmap_leak(o, &at, dirty) : NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/loading.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <link.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/clock.h"
#include "base/str.h"
#include "hotpatch/mapped.h"
#include "hotpatch/stop.h"

#define USER_CODE 0x33 /* the code segment of 64-bit programs */
#define STAND_SECONDS 0.5
#define LOOK_NS 50000
#define AUXV_MOST 64

/* brk(0): xor %edi,%edi; mov $SYS_brk,%eax; syscall; ret */
static const uint8_t marker[] = { 0x31, 0xff, 0xb8, SYS_brk, 0, 0, 0, 0x0f, 0x05, 0xc3 };
#define MARKER_CALLED 9 /* where the process is when the call returns */
#define MARKER_ROOM 16

struct loader {
	struct memory memory;
	struct maps maps;
	struct mapped file;
	uint64_t bias;
	uint64_t told, list; /* _dl_debug_state(), _r_debug; in memory */
	uint8_t was[sizeof(marker)];
};

static void loader_free(struct loader *l)
{
	memory_close(&l->memory);
	mapped_close(&l->file);
	maps_free(&l->maps);
}

/* --- the loader --------------------------------------------------------------------------- */

static struct error *loader_base(pid_t pid, uint64_t *base)
{
	char path[32];
	Elf64_auxv_t aux[AUXV_MOST];
	int fd __closefd = -1;
	ssize_t n;

	*base = 0;
	snprintf(path, sizeof(path), "/proc/%d/auxv", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, aux, sizeof(aux));
	if (n < 0)
		return error_new(ERROR_NOTHING, "it has ended");
	for (size_t i = 0; i < (size_t)n / sizeof(aux[0]); i++)
		if (aux[i].a_type == AT_BASE)
			*base = aux[i].a_un.a_val;
	return NULL;
}

static void take_symbols(struct loader *l, Elf *elf, Elf_Scn *scn)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	GElf_Shdr head;
	GElf_Sym sym;

	if (!data || !gelf_getshdr(scn, &head) || head.sh_type != SHT_DYNSYM)
		return;
	for (int i = 0; gelf_getsym(data, i, &sym); i++) {
		const char *name = elf_strptr(elf, head.sh_link, sym.st_name);

		if (!name || sym.st_shndx == SHN_UNDEF)
			continue;
		if (str_equal(name, "_dl_debug_state"))
			l->told = l->bias + sym.st_value;
		if (str_equal(name, "_r_debug"))
			l->list = l->bias + sym.st_value;
	}
}

static struct error *find_symbols(struct loader *l)
{
	Elf_Scn *scn = NULL;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(l->file.fd, ELF_C_READ, NULL);
	if (!elf)
		return error_failed("its loader can't be read");
	while ((scn = elf_nextscn(elf, scn)))
		take_symbols(l, elf, scn);
	elf_end(elf);
	return l->told && l->list ? NULL
				  : error_refused("its loader does not say when it is ready "
						  "(no _dl_debug_state or _r_debug)");
}

/* An empty function with as much padding behind it as the marker needs. */
static bool has_room(const uint8_t *p)
{
	static const uint8_t endbr[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	size_t at = memcmp(p, endbr, sizeof(endbr)) ? 0 : sizeof(endbr);

	if (p[at++] != 0xc3)
		return false;
	return p[at] == 0x66 || p[at] == 0x90 || p[at] == 0xcc ||
	       (p[at] == 0x0f && p[at + 1] == 0x1f);
}

static struct error *check_room(struct loader *l)
{
	uint8_t now[MARKER_ROOM];

	TRY(memory_read(&l->memory, l->told, now, sizeof(now)));
	memcpy(l->was, now, sizeof(l->was));
	if (memcmp(now, marker, sizeof(marker))) {
		if (l->told % MARKER_ROOM || !has_room(now))
			return error_refused("its loader has no room for a marker");
		return NULL;
	}
	/* One that was killed has left it there: what belongs there is in the file. */
	return mapped_bytes(&l->file, l->told - l->bias, l->was, sizeof(l->was));
}

/* 'none': there is no loader. */
static struct error *find_loader(pid_t pid, struct loader *l, bool *none)
{
	const struct mapping *m;
	uint64_t base;

	TRY(memory_open(pid, pid, NULL, &l->memory));
	TRY(loader_base(pid, &base));
	*none = !base;
	if (*none)
		return NULL;
	TRY(maps_read(pid, &l->maps));
	m = maps_at(&l->maps, base);
	if (!m)
		return error_new(ERROR_NOTHING, "its loader is gone");
	TRY(mapped_open(pid, m, &l->file));
	if (!l->file.is_elf || !mapped_bias(&l->file, m, &l->bias))
		return error_refused("its loader is not understood");
	TRY(find_symbols(l));
	return check_room(l);
}

/* --- what is mapped ------------------------------------------------------------------------- */

struct awaited {
	pid_t pid;
	uint64_t relro; /* in memory; 0: nothing is awaited */
};

/* Where a library's data is that is made read-only when it is relocated. */
static struct error *find_awaited(pid_t pid, const struct maps *maps, uint64_t mapped,
				  struct awaited *out)
{
	const struct mapping *m = maps_at(maps, mapped);
	struct mapped file __cleanup_mapped = MAPPED_CLOSED;
	uint64_t bias;
	GElf_Phdr ph;
	Elf *elf;

	*out = (struct awaited){ .pid = pid };
	if (!m || !m->inode)
		return NULL;
	TRY(mapped_open(pid, m, &file));
	if (!file.is_elf || !mapped_bias(&file, m, &bias))
		return NULL;
	elf = elf_begin(file.fd, ELF_C_READ, NULL);
	for (int i = 0; elf && gelf_getphdr(elf, i, &ph); i++)
		if (ph.p_type == PT_GNU_RELRO && ph.p_memsz >= PAGE_BYTES)
			out->relro = bias + ph.p_vaddr;
	elf_end(elf);
	return NULL;
}

static bool is_relocated(const struct awaited *a)
{
	struct maps maps __cleanup_maps = { 0 };
	const struct mapping *m;
	struct error *e __cleanup_error = NULL;

	if (!a->relro)
		return true;
	e = maps_read(a->pid, &maps);
	m = e ? NULL : maps_at(&maps, a->relro);
	return m && !m->write;
}

/* --- on to there ---------------------------------------------------------------------------- */

struct following {
	struct loading *loading;
	struct loader *loader;
	struct stop *stop;
	struct stopped_thread *thread;
	struct awaited awaited;
	double until;
	bool whole; /* the loader's list is */
};

static bool at_marker(const struct following *f, const struct user_regs_struct *r)
{
	return r->rip == f->loader->told + MARKER_CALLED;
}

static bool list_is_whole(const struct following *f)
{
	int state = -1;
	struct error *e __cleanup_error =
		memory_read(&f->loader->memory, f->loader->list + offsetof(struct r_debug, r_state),
			    &state, sizeof(state));

	return !e && state == RT_CONSISTENT;
}

/* At the entry of a call rax says that there is no such call. */
static bool is_there(struct following *f, const struct user_regs_struct *r)
{
	if ((int64_t)r->rax == -ENOSYS)
		return false;
	if (at_marker(f, r)) {
		f->whole = list_is_whole(f);
		return f->whole && is_relocated(&f->awaited);
	}
	return f->whole && r->orig_rax == SYS_mprotect && is_relocated(&f->awaited);
}

/* Out of the marker first, then its bytes: killed in between, it is run once more. */
static struct error *remove_marker(struct following *f, struct user_regs_struct *r)
{
	struct loader *l = f->loader;
	int err;

	if (r->rip >= l->told && r->rip < l->told + sizeof(marker)) {
		r->rip = l->told;
		r->orig_rax = (uint64_t)-1;
		err = memory_trace(&l->memory, PTRACE_SETREGS, f->thread->tid, 0, (uintptr_t)r);
		if (err)
			return error_errno(err, "the registers of thread %d", f->thread->tid);
	}
	return memory_write(&l->memory, l->told, l->was, sizeof(l->was));
}

static struct error *registers(struct following *f, struct user_regs_struct *r)
{
	int err = memory_trace(&f->loader->memory, PTRACE_GETREGS, f->thread->tid, 0, (uintptr_t)r);

	return err ? error_new(ERROR_NOTHING, "it has ended") : NULL;
}

static bool is_stop_signal(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

static struct error *follow(struct following *f)
{
	struct user_regs_struct r;

	for (;;) {
		double left = f->until - clock_seconds();

		if (left <= 0) {
			TRY(registers(f, &r));
			TRY(remove_marker(f, &r));
			return error_new(ERROR_PENDING, "its loader takes too long");
		}
		switch (stop_step(f->stop, f->thread, PTRACE_SYSCALL, left)) {
		case STOP_GONE:
			return error_new(ERROR_NOTHING, "it has ended");
		case STOP_LATE:
			return error_new(ERROR_PENDING, "its loader waits for something");
		case STOP_SIGNAL:
			f->loading->stopped_else |= is_stop_signal(f->thread->signal);
			continue;
		case STOP_TRAPPED:
			continue;
		case STOP_SYSCALL:
			TRY(registers(f, &r));
			if (is_there(f, &r))
				return remove_marker(f, &r);
		}
	}
}

/* Whether it stands in the loader, where a file was just mapped; or at its entry, after an exec. */
static bool is_in_loader(const struct loader *l, const struct user_regs_struct *r)
{
	return r->cs == USER_CODE && mapped_is_code(&l->file, r->rip - l->bias, 1);
}

static struct error *go_on(struct loading *at, struct loader *l, double seconds)
{
	struct stop stop __cleanup_stop = STOP_NONE;
	struct following f = {
		.loading = at, .loader = l, .stop = &stop, .until = clock_seconds() + seconds
	};
	struct user_regs_struct r;

	TRY(stop_open(&l->memory, &stop));
	TRY(stop_one(&stop, at->tid, STAND_SECONDS));
	f.thread = &stop.threads.v[0];
	r = f.thread->regs;
	if (!is_in_loader(l, &r))
		return NULL;
	if (r.orig_rax == SYS_mmap)
		TRY(find_awaited(at->pid, &l->maps, r.rax, &f.awaited));
	TRY(memory_write(&l->memory, l->told, marker, sizeof(marker)));
	return follow(&f);
}

struct error *loading_wait(pid_t pid, double seconds)
{
	struct timespec moment = { .tv_nsec = LOOK_NS };
	double until = clock_seconds() + seconds;
	char path[32], text[512], *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	while (clock_seconds() < until) {
		int fd __closefd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

		if (n <= 0)
			return error_new(ERROR_NOTHING, "it has ended");
		text[n] = '\0';
		at = strrchr(text, ')');
		if (at && (at[2] == 'T' || at[2] == 'Z'))
			return at[2] == 'T' ? NULL : error_new(ERROR_NOTHING, "it has ended");
		nanosleep(&moment, NULL);
	}
	return error_new(ERROR_PENDING, "it did not come to a stop");
}

struct error *loading_finish(struct loading *at, double seconds)
{
	struct loader l __cleanup(loader_free) = { .memory = MEMORY_CLOSED, .file = MAPPED_CLOSED };
	bool none;

	at->stopped_else = false;
	TRY(loading_wait(at->pid, STAND_SECONDS));
	TRY(find_loader(at->pid, &l, &none));
	return none ? NULL : go_on(at, &l, seconds);
}

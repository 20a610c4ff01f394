// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hotpatch/stop.h"

#define TRACER_SECONDS 2

struct error *memory_open(pid_t pid, pid_t via, const struct memory_watch *watch,
			  struct memory *out)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", via);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ESRCH))
		return error_new(ERROR_NOTHING, "process %d has ended", pid);
	if (fd < 0)
		return error_errno(errno, "%s", path);
	*out = (struct memory){ .pid = pid, .via = via, .fd = fd, .watch = watch };
	return NULL;
}

void memory_close(struct memory *m)
{
	close_fd(&m->fd);
}

static struct error *gone(const struct memory *m)
{
	return error_new(ERROR_NOTHING, "process %d has ended or become another program", m->pid);
}

static void told(const struct memory *m, const char *call)
{
	if (m->watch && m->watch->before)
		m->watch->before(m->watch->arg, call);
}

struct error *memory_read(const struct memory *m, uint64_t address, void *p, size_t n)
{
	for (size_t done = 0; done < n;) {
		unsigned long long at = address + done;
		ssize_t got = pread(m->fd, (char *)p + done, n - done, (off_t)at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_errno(errno, "reading the memory of process %d at 0x%llx",
					   m->pid, at);
		if (!got)
			return gone(m);
		done += (size_t)got;
	}
	return NULL;
}

/* False where the kernel does not give all of it. */
static bool read_at_once(const struct memory *m, const struct iovec *pieces, size_t n, void *p,
			 size_t bytes)
{
	struct iovec all = { p, bytes };

	return process_vm_readv(m->via, &all, 1, pieces, n, 0) == (ssize_t)bytes;
}

struct error *memory_read_pieces(const struct memory *m, const struct iovec *pieces, size_t n,
				 void *p)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += pieces[i].iov_len;
	if (n <= IOV_MAX && read_at_once(m, pieces, n, p, bytes))
		return NULL;
	for (size_t i = 0, at = 0; i < n; at += pieces[i++].iov_len)
		TRY(memory_read(m, (uintptr_t)pieces[i].iov_base, (char *)p + at,
				pieces[i].iov_len));
	return NULL;
}

/* The errno, or 0. */
static int put(const struct memory *m, uint64_t address, const void *p, size_t n)
{
	for (size_t done = 0; done < n;) {
		ssize_t put =
			pwrite(m->fd, (const char *)p + done, n - done, (off_t)(address + done));

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return errno;
		if (!put)
			return ESRCH;
		done += (size_t)put;
	}
	return 0;
}

static struct error *put_error(const struct memory *m, int err, uint64_t address)
{
	if (!err)
		return NULL;
	if (err == ESRCH)
		return gone(m);
	return error_errno(err, "writing to the memory of process %d at 0x%llx", m->pid,
			   (unsigned long long)address);
}

/* Each thread of the manager that stops threads is a tracer of its own. */
static bool traced_here(const struct memory *m)
{
	char path[32], line[128];
	int tracer = 0;
	FILE *f __closefile = NULL;

	snprintf(path, sizeof(path), "/proc/%d/status", m->via);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "TracerPid: %d", &tracer) == 1)
			break;
	return tracer == (pid_t)syscall(SYS_gettid);
}

/* fs/proc/base.c, proc_mem_foll_force(): the thread that /proc was opened through must be traced
 * by who writes. */
static struct error *put_as_tracer(const struct memory *m, uint64_t address, const void *p,
				   size_t n)
{
	struct stop s __cleanup_stop = STOP_NONE;

	TRY(stop_open(m, &s));
	TRY_CONTEXT(stop_one(&s, m->via, TRACER_SECONDS),
		    "this kernel lets nobody but a tracer change it (proc_mem.force_override)");
	return put_error(m, put(m, address, p, n), address);
}

struct error *memory_write(const struct memory *m, uint64_t address, const void *p, size_t n)
{
	bool only_tracer = m->watch && m->watch->only_tracer;
	int err;

	told(m, "write");
	err = only_tracer && !traced_here(m) ? EIO : put(m, address, p, n);
	if (err == EIO && !traced_here(m))
		return put_as_tracer(m, address, p, n);
	return put_error(m, err, address);
}

int memory_trace(const struct memory *m, int request, pid_t tid, uint64_t address, uint64_t data)
{
	told(m, "ptrace");
	return ptrace((enum __ptrace_request)request, tid, (void *)address, (void *)data) ? errno
											  : 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way into a process: its memory through /proc/PID/mem, and ptrace(2). Each call that could
 * change the process passes here, so that a test can end the manager before any of them.
 *
 * Knowledge: proc(5), ptrace(2). The open file keeps to the memory that the process had when it
 * was opened: after an exec reads find nothing, and writes go nowhere.
 */
#ifndef SUTURE_HOTPATCH_MEMORY_H
#define SUTURE_HOTPATCH_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "base/cleanup.h"
#include "base/error.h"

/* For tests: called before each call; and the kernel is one that lets only a tracer write. */
struct memory_watch {
	void (*before)(void *arg, const char *call);
	void *arg;
	bool only_tracer;
};

struct memory {
	pid_t pid, via;
	int fd;
	const struct memory_watch *watch; /* or NULL */
};
#define MEMORY_CLOSED    \
	{                \
		.fd = -1 \
	}

/* 'via': the thread of it through which /proc shows its memory. */
struct error *memory_open(pid_t pid, pid_t via, const struct memory_watch *watch,
			  struct memory *out) __must_check;
void memory_close(struct memory *m);
#define __cleanup_memory __cleanup(memory_close)

/* All n bytes, or an error: ERROR_FAILED with the address; ERROR_NOTHING if it has ended, or has
 * become another program. */
struct error *memory_read(const struct memory *m, uint64_t address, void *p, size_t n) __must_check;
/*
 * Many pieces, one behind the other in p, in one call for as many as the kernel takes at once. The
 * process must be stopped: what is read is the memory that it has now.
 */
struct error *memory_read_pieces(const struct memory *m, const struct iovec *pieces, size_t n,
				 void *p) __must_check;
/*
 * Also where the process itself may not write; a private page of a file is copied for it. What a
 * kill of the manager leaves is whole within each page. Where the kernel lets only a tracer do that
 * (proc_mem.force_override=ptrace, Linux 6.12 and later), 'via' is stopped for it.
 */
struct error *memory_write(const struct memory *m, uint64_t address, const void *p,
			   size_t n) __must_check;

/* ptrace(2): 0, or the errno. */
int memory_trace(const struct memory *m, int request, pid_t tid, uint64_t address, uint64_t data);

#endif

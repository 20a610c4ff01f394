/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that was stopped while its loader maps a program or a library, taken on to where all
 * that was mapped is also relocated, and none of its constructors has run: only there can a patch
 * be bound to other files' symbols.
 *
 * That place is found by what the loader does for debuggers: it calls _dl_debug_state(), an empty
 * function, when its list is whole. For this time it has a system call in it that does nothing
 * (brk(0)), and the process is followed from call to call. Nothing of that hurts if we die: the
 * kernel lets it go, and the call does nothing for ever. After dlopen() glibc relocates only
 * afterwards; then the place is where it makes the library's relocated data read-only.
 *
 * What has run before: the loader, the functions by which IFUNC symbols are resolved, and, for a
 * library that is loaded later, the rest of the program.
 *
 * Knowledge: <link.h>; glibc's and musl's elf/rtld.c and ldso/dynlink.c as to the order; ptrace(2).
 */
#ifndef SUTURE_HOTPATCH_LOADING_H
#define SUTURE_HOTPATCH_LOADING_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct loading {
	pid_t pid, tid;	   /* tid: the thread that maps */
	bool stopped_else; /* out: somebody else has sent it a signal to stop meanwhile */
};

/*
 * The process must be in a group stop, or about to be, and is in it again afterwards; also on
 * failure. Nothing is done where there is nothing to wait for: a static program; a file that is not
 * mapped by the loader. ERROR_NOTHING: it has ended. ERROR_PENDING: not there in time. The calling
 * thread must end afterwards (stop.h).
 */
struct error *loading_finish(struct loading *l, double seconds) __must_check;

/*
 * Until it is in its group stop: it is so some microseconds after the signal, and after whoever
 * traced it has let it go. Who seizes it before meets the stop on the way.
 */
struct error *loading_wait(pid_t pid, double seconds) __must_check;

#endif

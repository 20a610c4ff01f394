/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process's seccomp filters would do with a system call that is not its own: its filters
 * are read from the kernel and run here on that very call, so that none is ever tried out.
 *
 * Knowledge: seccomp(2), PTRACE_SECCOMP_GET_FILTER in ptrace(2), the classic BPF machine of
 * linux/filter.h.
 */
#ifndef SUTURE_HOTPATCH_SECCOMP_H
#define SUTURE_HOTPATCH_SECCOMP_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "hotpatch/stop.h"

/* The action (SECCOMP_RET_...) of one filter, or SECCOMP_RET_KILL_PROCESS if it is no sound one. */
uint32_t seccomp_run(const struct sock_filter *f, size_t n, const struct seccomp_data *call);

/*
 * NULL if the stopped thread may make all n calls; ERROR_REFUSED names the one that it may not,
 * or says that its filters can't be read.
 */
struct error *seccomp_allows(const struct stop *s, pid_t tid, const struct seccomp_data *calls,
			     size_t n) __must_check;

#endif

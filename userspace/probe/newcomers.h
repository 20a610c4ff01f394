/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that are about to run code of certain files, stopped before they do: programs at their
 * exec, libraries when they are mapped (bpf/newcomer.bpf.c). They stand in a group stop, as after
 * SIGSTOP, until newcomers_let_go().
 *
 * None hangs if we die: the stopping ends with us, for the kernel closes what is attached, and a
 * small process beside us, the warden (newcomers_warden.h), lets go those that stood, and also
 * all when we hang, five seconds after the last beat, and one that we have forgotten for thirty.
 * Should it be killed with us, the next newcomers_open() does, where a BPF file system keeps the
 * list.
 *
 * The stop can be seen: a parent that waits with WUNTRACED (a shell with job control) is told of
 * it.
 */
#ifndef SUTURE_PROBE_NEWCOMERS_H
#define SUTURE_PROBE_NEWCOMERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/vec.h"

struct newcomers;

/* What the kernel calls a file. */
struct newcomer_name {
	uint64_t inode, device;
};

struct newcomer {
	pid_t pid, tid; /* tid: the thread that maps the file */
	uint64_t start; /* ns since boot */
	bool stays;	/* somebody else has stopped it, too: it is not let go */
};

typedef VEC(struct newcomer) newcomer_list;

/* Tried on ourselves: it returns only what works. The error says what is closed. */
struct error *newcomers_open(struct newcomers **out) __must_check;
/* What the kernel calls this file, which is mapped for a moment. */
struct error *newcomers_learn(struct newcomers *n, int fd, struct newcomer_name *out) __must_check;
/* These files from now on, and no others. */
struct error *newcomers_watch(struct newcomers *n, const struct newcomer_name *names,
			      size_t count) __must_check;
/* To be called at least each second: nobody is stopped five seconds after the last time. An error:
 * the warden is gone, and the caller should close this and open another. */
struct error *newcomers_beat(struct newcomers *n) __must_check;
/* Readable while newcomers_take() has some. */
int newcomers_fd(const struct newcomers *n);
struct error *newcomers_take(struct newcomers *n, newcomer_list *out) __must_check;
/* Whether that one stands, and was not let go yet. */
bool newcomers_hold(const struct newcomers *n, pid_t pid);
void newcomers_let_go(struct newcomers *n, const struct newcomer *one);

/* How many were stopped; and how many should have been, but could not. */
void newcomers_count(const struct newcomers *n, uint64_t *stopped, uint64_t *passed);
/* Lets all go. */
void newcomers_close(struct newcomers **n);
#define __cleanup_newcomers __cleanup(newcomers_close)

#endif

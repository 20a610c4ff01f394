/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes that have a file mapped, and what stands in the way of changing one. Found by the
 * build-id of what is mapped, never by a path: in any container, chroot or namespace, deleted or
 * not. A process is named by its pid and its start, so that another of the same pid is not it.
 *
 * Knowledge: proc(5), kcmp(2).
 */
#ifndef SUTURE_HOTPATCH_PROCESS_H
#define SUTURE_HOTPATCH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "hotpatch/mapped.h"
#include "hotpatch/maps.h"
#include "hotpatch/memory.h"

struct process {
	pid_t pid;
	pid_t via;	/* the thread through which /proc shows its memory: not its first, if that
			   has ended before the others */
	uint64_t start; /* clock ticks since boot */
	char comm[16];
	uint64_t bias; /* of the file with the build-id: address in memory less that in the file */
	pid_t shares;  /* another process that has the same memory (CLONE_VM); or 0 */
};

struct processes {
	VEC(struct process) v;
};
void processes_free(struct processes *p);
#define __cleanup_processes __cleanup(processes_free)

/*
 * All processes that have a file of this build-id mapped to be executed, each once for each
 * load of it, by pid. One that ends while we look is not there.
 */
struct error *process_find(const uint8_t *build_id, unsigned int n,
			   struct processes *out) __must_check;
/* Of these alone; that one shares its memory with another that is not among them is not seen. */
struct error *process_find_among(const uint8_t *build_id, unsigned int n, const pid_t *pids,
				 size_t n_pids, struct processes *out) __must_check;

/*
 * Why its code can't be changed, in one sentence, as a refusal; NULL if nothing is known to
 * stand in the way. What only a stop can tell is not in it.
 */
struct error *process_obstacle(const struct process *p) __must_check;

/*
 * A process held open. What keeps it the same one is its memory: opened before its start was looked
 * at, it never becomes another's, neither by an exec nor by another process of the same pid; and
 * nothing is done to a thread that was not first written for in that memory.
 */
struct opened {
	struct process process;
	struct memory memory;
	struct maps maps;
	struct mapped file; /* the one with the build-id */
	uint64_t low, high; /* where its loads are in memory */
};
#define OPENED_CLOSED                                          \
	{                                                      \
		.memory = MEMORY_CLOSED, .file = MAPPED_CLOSED \
	}

/* ERROR_NOTHING: that process is no more, or no longer has the file mapped there. */
struct error *process_open(const struct process *p, const uint8_t *build_id, unsigned int n,
			   const struct memory_watch *watch, struct opened *out) __must_check;
void process_close(struct opened *o);
#define __cleanup_opened __cleanup(process_close)

/* At most so many of its threads, the first among them while it lives; how many. */
size_t process_threads(pid_t pid, pid_t *tids, size_t most);

/* A field of /proc/PID/status as a number; false if it is not there. */
bool process_status_field(const char *status, const char *name, long *out);

#endif

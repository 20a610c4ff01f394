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

#include <dirent.h>
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

struct stop;
struct inject_place;

/*
 * All processes that have a file of this build-id mapped to be executed, each once for each
 * load of it, by pid. One that ends while we look is not there.
 */
struct error *process_find(const uint8_t *build_id, unsigned int n,
			   struct processes *out) __must_check;
/* Of these alone; that one shares its memory with another that is not among them is not seen. */
struct error *process_find_among(const uint8_t *build_id, unsigned int n, const pid_t *pids,
				 size_t n_pids, struct processes *out) __must_check;

/* Of what the kernel told the program at its start (getauxval(3)); 0: it did not. */
struct process_vector {
	uint64_t phdr, phnum, vdso;
	uint64_t loader; /* where that was put */
};
struct process_vector process_vector_read(pid_t via);

/*
 * Why its code can't be changed, in one sentence, as a refusal; NULL if nothing is known to
 * stand in the way. What only its threads can tell is not in it.
 */
struct error *process_obstacle(const struct process *p,
			       const struct process_vector *v) __must_check;
/* Of the threads in this folder, /proc/PID/task, the first that does not leave the kernel; or 0. */
pid_t process_uninterruptible(DIR *tasks);

/*
 * A process held open. What keeps it the same one is its memory: opened before its start was looked
 * at, it never becomes another's, neither by an exec nor by another process of the same pid; and
 * nothing is done to a thread that was not first written for in that memory.
 */
struct opened {
	struct process process;
	struct memory memory;
	int query; /* its /proc/PID/maps (maps_open()) */
	struct maps maps;
	struct mapped file; /* the one with the build-id */
	uint64_t at;	    /* the mapping that showed it */
	uint64_t low, high; /* where its loads are in memory */
	/* For who changes it. */
	struct process_vector vector;
	struct stop *stop;	    /* process_stop(); or NULL */
	struct inject_place *place; /* inject_find_place(); or NULL */
};
#define OPENED_CLOSED                                                       \
	{                                                                   \
		.memory = MEMORY_CLOSED, .query = -1, .file = MAPPED_CLOSED \
	}

/* ERROR_NOTHING: that process is no more, or no longer has the file mapped there. */
struct error *process_open(const struct process *p, const uint8_t *build_id, unsigned int n,
			   const struct memory_watch *watch, struct opened *out) __must_check;
void process_close(struct opened *o);
#define __cleanup_opened __cleanup(process_close)

/*
 * What its threads are stopped with (stop.h), one time after the other: made when it is first asked
 * for, by the thread that closes the process; no thread is seized. Borrowed.
 */
struct error *process_stop(struct opened *o, struct stop **out) __must_check;

/* At most so many of its threads, the first among them while it lives; how many. */
size_t process_threads(pid_t pid, pid_t *tids, size_t most);

/* A field of /proc/PID/status as a number; false if it is not there. */
bool process_status_field(const char *status, const char *name, long *out);

#endif

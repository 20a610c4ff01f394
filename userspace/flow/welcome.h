/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Newcomers get the patches for processes before they run a line of what is patched: a program that
 * is executed, a library that is mapped. probe/newcomers.h stops them and says who they are,
 * hotpatch/loading.h takes them on to where they can be patched. Where that is closed, or the patch
 * needs a thread that runs (hooks, exceptions), the rounds of tend.h find them later.
 *
 * Files are known to the kernel by inode, and to a patch by build-id: watched are those at the
 * paths that the bundles name, and all that a process with the build-id was ever seen to have
 * mapped. The first process that runs such a file from elsewhere (a new container) is found by the
 * rounds.
 */
#ifndef SUTURE_FLOW_WELCOME_H
#define SUTURE_FLOW_WELCOME_H

#include <sys/stat.h>

#include "flow/host_state.h"
#include "probe/newcomers.h"

struct tending;

struct welcome_file {
	const struct process_part *part; /* one that wants it; NULL: none does any more */
	uint8_t build_id[BUILD_ID_MOST];
	unsigned int build_id_n;
	struct newcomer_name name;
	struct stat was; /* of the path; st_ino 0: found in a process */
};

struct welcome {
	struct newcomers *newcomers; /* NULL: not needed, or closed */
	bool tried, works;
	char *why;    /* it does not work; or NULL */
	double retry; /* when it is tried again */
	VEC(struct welcome_file) files;
	size_t left_out; /* patches that only the rounds give */
	uint64_t came, got, failed;
	double longest; /* that one was worked on, seconds */
};

/* Begin, end, and learn which files matter; part of a round. An error is about this round. */
struct error *welcome_round(struct welcome *w, struct tending *t) __must_check;
/* Whether this one stands still and waits to be welcomed: nothing for a round. */
bool welcome_has(const void *welcome, pid_t pid);
/* Readable when somebody came; -1: nobody will. */
int welcome_fd(const struct welcome *w);
/* To be called at least each second. */
void welcome_beat(struct welcome *w);
/* Patch those who came, and let them go, whatever happens. */
struct error *welcome_all(struct welcome *w, struct tending *t,
			  const struct host_request *r) __must_check;
void welcome_free(struct welcome *w);

/* Which files are those of the patches now (welcome_files.c). */
struct error *welcome_learn(struct welcome *w, struct tending *t) __must_check;
/* Whether the patch can be given to one that does not run yet. */
bool welcome_can_give(const struct process_patch *p);

/* One sentence: which way is on duty, and why; 'every': seconds between two rounds. */
struct error *welcome_say(const struct welcome *w, double every, struct strbuf *out) __must_check;
void welcome_json(const struct welcome *w, double every, struct json *j, const char *key);

#endif

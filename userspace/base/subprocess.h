/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running other programs: arguments as a list (never through a shell), output
 * captured, time bounded. Each child leads its own process group; when it times
 * out or the user interrupts, the whole group is ended (SIGTERM, a second later
 * SIGKILL), so nothing stays behind. What a child leaves running in its group when
 * it ends is ended too. Children also die with us (PR_SET_PDEATHSIG).
 */
#ifndef SUTURE_BASE_SUBPROCESS_H
#define SUTURE_BASE_SUBPROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/root.h"
#include "base/str.h"

struct subprocess {
	/* What to run; the caller fills this in. */
	const char *const *argv;  /* NULL-terminated; argv[0] is looked up in PATH */
	const char *cwd;	  /* NULL: ours */
	const char *const *env;	  /* "NAME=value" added to ours, NULL-terminated; or NULL */
	bool clear_env;		  /* start from nothing but PATH and env */
	const struct root *root;  /* run in this root, see root.h; cwd is there. NULL: ours */
	const char *input;	  /* stdin; NULL: /dev/null */
	double timeout;		  /* seconds; 0: none */
	struct strbuf *out, *err; /* NULL: discarded; the same buffer for both keeps the order */
	bool inherit;		  /* stdout and stderr go where ours go; out, err unused */

	/* What came of it. */
	int status;	/* exit status, or 128 + signal */
	double seconds; /* wall time */
};

/*
 * Run to its end. An error means that the program could not be started, timed
 * out, or the user interrupted; a status other than 0 is no error here.
 */
struct error *subprocess_run(struct subprocess *p) __must_check;

/* The same, and a status other than 0 is an error that quotes the last lines of output. */
struct error *subprocess_check(struct subprocess *p) __must_check;

/*
 * Run n programs, at most 'jobs' at a time (0: one for each CPU). The first error
 * (not: a status other than 0) ends the others and is returned.
 */
struct error *subprocess_run_all(struct subprocess *p, size_t n, unsigned int jobs) __must_check;

/* subprocess_run() for a fixed list of words: run_words(&p, "dpkg", "-x", deb, dir) */
#define subprocess_words(...) ((const char *const[]){ __VA_ARGS__, NULL })

#endif

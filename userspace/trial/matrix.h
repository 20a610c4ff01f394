/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernels of a trial, and what is special on each. A matrix file has a line for each:
 *
 *	# comment
 *	kernel:6.1.0-56-amd64
 *	tree:/home/me/linux   smp=4 repeat=200 memory=1024 append=lockdep_something
 *
 * append= may be given again: a word of the kernel's command line each.
 */
#ifndef SUTURE_TRIAL_MATRIX_H
#define SUTURE_TRIAL_MATRIX_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"

struct trial_kernel {
	const char *name;	   /* kernel:RELEASE or tree:PATH */
	unsigned int cpus, memory; /* memory in MiB */
	unsigned int repeat;	   /* rounds */
	const char *append;	   /* more command line, or NULL */
};

struct trial_kernels {
	VEC(struct trial_kernel) v;
};

/*
 * Append the kernels of a matrix file's text; what a line does not say is as in 'usual'.
 * ERROR_USAGE names path and line.
 */
struct error *matrix_parse(const char *path, const char *text, const struct trial_kernel *usual,
			   struct arena *a, struct trial_kernels *out) __must_check;
/* Is it among them already? */
bool matrix_has(const struct trial_kernels *k, const char *name);

#endif

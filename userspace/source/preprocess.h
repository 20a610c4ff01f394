/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of many sources a fix can change at all: those that read one of its files, and whose
 * text, as the compiler sees it behind the preprocessor, is another with the fix. A text that is
 * the same, lines' numbers where they are used included, gives the same code, data and types.
 */
#ifndef SUTURE_SOURCE_PREPROCESS_H
#define SUTURE_SOURCE_PREPROCESS_H

#include <stdbool.h>

#include "base/digest.h"
#include "base/error.h"
#include "source/scope.h"

/* One source; the command is its object's. */
struct preprocess {
	const char *source, *command;
	bool other;	 /* the command is another object's, see command_preprocess_other() */
	bool reads;	 /* out: one of the fix's files */
	bool differs;	 /* out: and its text changes, or was not looked at */
	bool unreadable; /* out: another's command does not do for it */
};

struct preprocess_run {
	const struct scope *scope;
	const char *shadow, *scratch;
	unsigned int jobs;
	bool *used;  /* files of the scope that were read, as in shadow_check() */
	bool always; /* look at every text, whatever it is worth */
};

/*
 * What is read by the tree as it is, and the digest of its text, is kept with the target.
 * Stops looking, and takes what is left as different, where nearly all turn out to be.
 */
struct error *preprocess_all(const struct preprocess_run *run, struct preprocess *v, size_t n,
			     size_t *n_looked) __must_check;

/*
 * The digest of a preprocessed text without its empty lines. Pure.
 */
struct error *preprocess_digest(const char *text, size_t n, struct digest *out) __must_check;

/* Is it worth looking at more, when so many of those looked at fell out? Pure. */
bool preprocess_pays(size_t looked, size_t fell_out);

#endif

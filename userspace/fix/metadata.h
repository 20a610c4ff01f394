/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a fix says of itself: fix.yaml, beside its diffs and its reproducer, in a folder of its
 * own. The form is that of suture-fix(5).
 *
 *	struct fix_metadata *m __cleanup_fix_metadata = NULL;
 *
 *	TRY(fix_metadata_read("patches/kernel/meminfo-used", &m));
 *	if (!fix_fits(&m->targets, "kernel:6.1.0-56-amd64"))
 *		...
 *
 * The file may come from anywhere: sizes, depth and numbers are bounded, every path in it stays
 * inside of the folder, and nothing of it is run here. Texts that end on a terminal or in a
 * bundle have no control characters.
 */
#ifndef SUTURE_FIX_METADATA_H
#define SUTURE_FIX_METADATA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/form.h"
#include "bundle/facts.h"
#include "bundle/watch_terms.h"

#define FIX_METADATA_NAME "fix.yaml"

/* A diff, and the targets that it is for: patterns of fnmatch(3); none: all. */
struct fix_diff {
	const char *file; /* relative to the folder */
	struct form_texts targets;
};

/* A finding that is taken as it is (suture build --accept), and why. */
struct fix_accept {
	const char *finding; /* CODE:WHERE */
	const char *reason;
	struct form_texts targets;
};

/* What one run of the reproducer shall give. */
struct fix_run {
	unsigned int exit;
	struct form_texts output; /* each is in what it writes to stdout and stderr */
};

struct fix_reproducer {
	const char *file; /* relative to the folder; NULL: there is no reproducer */
	bool is_source;	  /* a C file: compiled before it runs (fix/reproducer.h) */
	struct form_texts arguments;
	unsigned int timeout; /* seconds */
	struct fix_run before, after, reverted;
};

/* What comes of building it. */
enum fix_build { FIX_BUILD_DONE, FIX_BUILD_REFUSED, FIX_BUILD_NOTHING };

/* What comes of trying it, and why; only bad examples expect another than FIX_HEALTHY. */
enum fix_verdict { FIX_HEALTHY, FIX_DEGRADED, FIX_FAILED, FIX_INCONCLUSIVE };
enum fix_cause {
	FIX_CAUSE_UNSAID,
	FIX_CAUSE_PANIC,	/* the kernel died: oops, BUG, panic */
	FIX_CAUSE_HANG,		/* the kernel does not answer */
	FIX_CAUSE_TRANSITION,	/* it never ended */
	FIX_CAUSE_REPRODUCER,	/* a run of it gave what it should not */
	FIX_CAUSE_LEAK,		/* memory is lost with each call */
	FIX_CAUSE_WARNING,	/* the kernel's log has what it should not */
	FIX_CAUSE_SLOWER,	/* calls take longer */
	FIX_CAUSE_ERRORS,	/* calls fail that did not */
	FIX_CAUSE_CRASH,	/* the new code ends processes by a signal */
	FIX_CAUSE_REDIRECT_LOST /* the new code does not run */
};

struct fix_expectation {
	enum fix_build build;
	struct form_texts findings; /* CODE:WHERE, all of which a refused build must have */
	enum fix_verdict verdict;
	enum fix_cause cause;
	const char *function;  /* where tasks stay, of FIX_CAUSE_TRANSITION; or NULL */
	struct form_texts log; /* texts: a line of the kernel's log with one is no complaint */
};

struct fix_metadata {
	const char *dir;  /* the folder; "" if it came from memory */
	const char *path; /* of the file itself */

	const char *name; /* [a-z0-9_]; NULL: after the folder */
	const char *description;
	struct bundle_facts facts; /* without a title: the first line of the only diff's text */
	struct watch_terms watch;  /* what is asked of the watch over it */
	bool replace;		   /* take the place of all other livepatches */

	struct form_texts targets;  /* patterns of fnmatch(3); none: all that it builds for */
	struct form_texts on_stack; /* functions of programs that may be on a stack at the switch */
	struct form_texts modules;  /* that must be loaded for the reproducer */
	const struct fix_diff *diffs;
	size_t n_diffs;
	const struct fix_accept *accept;
	size_t n_accept;

	struct fix_reproducer reproducer;
	struct fix_expectation expect;
	unsigned int
		transition_timeout; /* seconds until a transition counts as one that never ends */

	struct arena arena; /* what the pointers above point to */
};

/*
 * Read a folder's fix.yaml, or the file itself. ERROR_USAGE that names file, line and key if it
 * has not the form that it must have, or names a file that is not there.
 */
struct error *fix_metadata_read(const char *path, struct fix_metadata **out) __must_check;
/* The same from memory; "path" is for messages, and whether files are there is not looked at. */
struct error *fix_metadata_parse(const char *text, size_t n, const char *path,
				 struct fix_metadata **out) __must_check;
void fix_metadata_free(struct fix_metadata **m);
#define __cleanup_fix_metadata __cleanup(fix_metadata_free)

/* A folder with a fix.yaml in it, or a file of that name. */
bool fix_metadata_is_at(const char *path);

/* One of the patterns fits the target, or there are none. */
bool fix_fits(const struct form_texts *patterns, const char *target);

/* A file of the fix as a path: allocated, or NULL without memory. */
char *fix_path(const struct fix_metadata *m, const char *file);

const char *fix_verdict_name(enum fix_verdict v);
const char *fix_cause_name(enum fix_cause c); /* NULL: unsaid */

#endif

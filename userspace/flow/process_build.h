/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a source diff to a bundle for processes: as build.h, but the units are a program's, they
 * are bound to the program as it is shipped (stripped or not), and what is linked is a hotpatch
 * object for each file of the target that has one of them.
 */
#ifndef SUTURE_FLOW_PROCESS_BUILD_H
#define SUTURE_FLOW_PROCESS_BUILD_H

#include "flow/build.h"
#include "hotpatch/link.h"
#include "source/app_workspace.h"

/* One file of the target. */
struct process_file {
	const struct app_file *file;
	struct program *program;
	struct text_index *index;
	struct process_binding *bindings; /* by unit; .before NULL: it is not part of this file */
	size_t *units;			  /* that are linked, by their order there */
	size_t n_units, n_bindings;
	struct hotpatch_object object;
	struct hotpatch_account account;
	char build_id[129];
	struct strbuf bytes; /* the object as a file */
};

struct process_build {
	struct build base; /* name, out, fixes, units with their deltas */
	const struct app *app;
	struct app_workspace *workspace;
	struct unit *units;    /* what base.units point to */
	struct object **exact; /* by unit; NULL: nothing changed in it */
	struct process_file *files;
	size_t n_files;
	size_t n_tried; /* units that were kept, of so many compiled */
};

/* opt->target is the app's. Otherwise as build_run(). */
struct error *process_build_run(const struct app *a, const struct build_options *opt,
				struct process_build **out) __must_check;
void process_build_free(struct process_build **b);
#define __cleanup_process_build __cleanup(process_build_free)

/* One screen for a person; and "suture-build/1". */
struct error *process_build_print(const struct process_build *b, struct strbuf *out) __must_check;
void process_build_json(const struct process_build *b, struct json *j);

#endif

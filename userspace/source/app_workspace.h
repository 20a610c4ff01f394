/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a diff to two builds of each translation unit of a program that it touches, in a private
 * copy of the source: folders that are real, with links to the files of the tree, and the
 * touched files as they are before or after. Both builds are compiled in the same place, so that
 * nothing but the diff tells them apart.
 */
#ifndef SUTURE_SOURCE_APP_WORKSPACE_H
#define SUTURE_SOURCE_APP_WORKSPACE_H

#include "base/file.h"
#include "source/app.h"
#include "source/diff.h"

struct app_unit {
	const struct compile_entry *entry;
	const char *source;   /* in the tree: "src/networking.c" */
	char *before, *after; /* with a section for each function */
	char *exact;	      /* as the program was compiled; NULL until it is asked for */
};

struct app_workspace {
	const struct app *app; /* borrowed */
	VEC(struct app_unit) units;
	VEC(char *) ignored; /* files of the diff that no unit reads */
	double compile_seconds;
	unsigned int jobs;
	struct tmpdir private;
	char *copy;
	struct diff diff;
	struct strbuf text;
	struct arena arena;
	bool *read;  /* by file of the diff: something that is compiled reads it */
	size_t made; /* objects, to number them */
};

/*
 * ERROR_FAILED if the diff does not apply; ERROR_REFUSED for files that say how things are built,
 * assembly, new units; ERROR_NOTHING if no unit reads what it touches.
 */
struct error *app_workspace_make(const struct app *a, const char *patch_path, unsigned int jobs,
				 struct app_workspace **out) __must_check;
void app_workspace_free(struct app_workspace **w);
#define __cleanup_app_workspace __cleanup(app_workspace_free)

/* Compile a unit as the program was. */
struct error *app_workspace_exact(struct app_workspace *w, struct app_unit *u) __must_check;
/* The same for any other command; *path belongs to the workspace. */
struct error *app_workspace_compile(struct app_workspace *w, const struct compile_entry *e,
				    enum compile_kind kind, const char **path) __must_check;

#endif

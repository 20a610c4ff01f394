/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A compile command of the kernel's makefiles, taken apart into the programs it runs, so that
 * each can be run, and timed, without a shell or make.
 */
#ifndef SUTURE_SOURCE_COMMAND_H
#define SUTURE_SOURCE_COMMAND_H

#include "base/arena.h"
#include "base/error.h"

struct command {
	const char **compile; /* argv of the compiler, NULL-terminated */
	const char **objtool; /* argv of objtool; NULL if this object gets none */
	struct arena arena;
};

/*
 * Parse "gcc ... -c -o OBJECT SOURCE ; ./tools/objtool/objtool ... OBJECT". ERROR_REFUSED for
 * anything that is not plain words: variables, pipes, other programs.
 */
struct error *command_parse(const char *text, struct command *out) __must_check;
void command_free(struct command *c);
#define __cleanup_command __cleanup(command_free)

/*
 * The compiler's argv with another object and dependency file, function and data sections, and
 * 'root' (the folder it runs in) taken out of the debug information. From 'a'.
 */
struct error *command_retarget(const struct command *c, const char *object, const char *depfile,
			       const char *root, struct arena *a, const char ***out) __must_check;
/* The compiler's argv with a folder of headers in front of all others; 'as' in debug information.
 */
struct error *command_first_include(const char *folder, const char *as, struct arena *a,
				    const char ***argv) __must_check;
/* The compiler's argv to write what it would compile, without line markers, to a file. From 'a'. */
struct error *command_preprocess(const struct command *c, const char *text, const char *depfile,
				 struct arena *a, const char ***out) __must_check;
/*
 * The same for assembly, or 16- and 32-bit code, of the same tree: with the paths and macros of
 * 'c'. Headers in quotes are also looked for in the folder 'generated'.
 */
struct error *command_preprocess_other(const struct command *c, const char *source,
				       const char *generated, const char *text, const char *depfile,
				       struct arena *a, const char ***out) __must_check;
/* objtool's argv for another object; NULL in *out if there is none. */
struct error *command_objtool(const struct command *c, const char *object, struct arena *a,
			      const char ***out) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A unit's two builds once more, with room at each branch on a static key. The assembler
 * makes these branches two bytes long where their target is near; here it is told to make
 * all of them five, by one changed word in the header that has them (asm/jump_label.h). The
 * compiler, the source and what the compiler makes of it are the same; who binds the first
 * build to an image can carry that over (bind/twin.h).
 *
 * Knowledge: arch/x86/include/asm/jump_label.h from 6.1 to 7.2; "jmp.d32" of the GNU assembler.
 */
#ifndef SUTURE_SOURCE_LONG_BRANCHES_H
#define SUTURE_SOURCE_LONG_BRANCHES_H

#include "source/compile.h"

struct long_branches {
	char *before, *after; /* the two objects, in the workspace */
	double compile_seconds;
};

/*
 * Compile again. ERROR_REFUSED if the header is not understood, or the fix changes it.
 * The tree is not written to. 'jobs' as in workspace_build().
 */
struct error *long_branches_build(const struct target *t, const struct workspace *ws,
				  const struct unit *u, unsigned int jobs,
				  struct long_branches *out) __must_check;
void long_branches_free(struct long_branches *l);
#define __cleanup_long_branches __cleanup(long_branches_free)

/* The header with longer branches; ERROR_REFUSED if there is none in it. */
struct error *long_branches_header(const char *text, size_t n, struct strbuf *out) __must_check;

#endif

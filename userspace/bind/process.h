/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Binding to a program that may have no symbols at all, in two steps:
 *
 *	exact   the unit compiled just as the program's was is looked for by its bytes: in most
 *	        builds all of its functions are one piece, and there is one place for it
 *	        (where that fails, each function is looked for alone, and most must be there)
 *	before  the unit compiled with a section for each function is matched function by function,
 *	        by the names that the first step gave
 */
#ifndef SUTURE_BIND_PROCESS_H
#define SUTURE_BIND_PROCESS_H

#include "bind/binding.h"
#include "image/program.h"

struct process_binding {
	struct image *named; /* the program, with the names that the exact build gave */
	struct binding *exact, *before;
};

/* The program, the index of its image and both objects must outlive the binding. */
struct error *process_bind(const struct object *exact, const struct object *before,
			   const struct program *p, const struct text_index *index,
			   struct process_binding *out) __must_check;
void process_binding_free(struct process_binding *b);
#define __cleanup_process_binding __cleanup(process_binding_free)

/* Of the exact build's functions that are large enough to be told from others, how many are there.
 */
void process_binding_found(const struct process_binding *b, size_t *found, size_t *of);

/* Whether it has such functions: if they are not there, it is not. */
bool process_binding_tells(const struct object *exact);

/* Whether both claim one function of the program: units of the same source can, if one is wrong. */
bool process_binding_shares(const struct process_binding *a, const struct process_binding *b);

/* Why a symbol of 'before' has no place, if the exact build tells better; or NULL. */
const char *process_binding_trouble(const struct process_binding *b, const struct symbol *before);

#endif

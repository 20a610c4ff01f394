/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hotpatch object made the short way, for tests: from one relocatable that has the new functions,
 * for a program that still has its symbols. Each function of the relocatable that the program has
 * too replaces it.
 */
#ifndef SUTURE_TESTS_HOTPATCH_FIX_OBJECT_H
#define SUTURE_TESTS_HOTPATCH_FIX_OBJECT_H

#include "hotpatch/object.h"

struct error *fix_object_make(const char *program, const char *relocatable, const char *name,
			      bool may_be_on_stack, struct hotpatch_object *out) __must_check;
/* Of the program's file. */
struct error *fix_object_build_id(const char *program, uint8_t *id, unsigned int *n) __must_check;
void fix_object_free(struct hotpatch_object *o);
#define __cleanup_fix_object __cleanup(fix_object_free)

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A binding for a twin: another build of the same object, in which only the lengths of
 * branches and of what is skipped over differ. What was proven for the one holds for the
 * other, once it is shown that they are twins: the same sections and symbols, in the same
 * order; the same data; and in all code the same instructions with the same operands, whose
 * relocations name the same symbols and whose branches lead to the same instructions.
 */
#ifndef SUTURE_BIND_TWIN_H
#define SUTURE_BIND_TWIN_H

#include "bind/binding.h"

/*
 * ERROR_REFUSED, naming the first difference, if they are no twins. Else the binding is
 * about 'twin' from now on, which must outlive it; its placements are as they were.
 */
struct error *binding_adopt(struct binding *b, const struct object *twin) __must_check;

#endif

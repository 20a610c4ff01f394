/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last look at a module before it is written: what the kernel's loader would not take. */
#ifndef SUTURE_LIVEPATCH_CHECK_H
#define SUTURE_LIVEPATCH_CHECK_H

#include "elf/object.h"

/*
 * Relocations of kinds that the loader knows, in fields that hold zero (they are zeroed
 * here: with RELA their content means nothing); no section name twice; tables of ORC in
 * step; everything undefined has a name. ERROR_REFUSED, naming the place.
 */
struct error *check_loadable(struct object *o) __must_check;

#endif

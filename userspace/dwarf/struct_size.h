/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How large a structure is, by its name. Knowledge: DWARF 5, section 5.7. */
#ifndef SUTURE_DWARF_STRUCT_SIZE_H
#define SUTURE_DWARF_STRUCT_SIZE_H

#include "dwarf/debug.h"

/* In bytes. 0: unknown, or units of the object disagree. */
uint64_t struct_size(const struct debug *d, const char *name);

#endif

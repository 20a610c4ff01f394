/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The debug information of an object, ready for libdw. libdw does not relocate, so the
 * debug sections are copied and relocated first, with made-up addresses for the sections
 * of the object.
 */
#ifndef SUTURE_DWARF_DEBUG_H
#define SUTURE_DWARF_DEBUG_H

#include <elfutils/libdw.h>

#include "elf/object.h"

struct debug {
	const struct object *object;
	uint64_t *address; /* made up, by section index; 0 for sections without one */
	Dwarf *dwarf;	   /* NULL: there is none, or it can't be read */
	VEC(Dwarf_Die) units;

	uint8_t *image; /* of .object's size; holds what libdw reads, relocated */
	Elf *elf;
};

/*
 * An object without debug information, or with one that can't be read, is no error. The
 * object is borrowed and not changed.
 */
struct error *debug_open(const struct object *o, struct debug **out) __must_check;
void debug_free(struct debug **d);
#define __cleanup_debug __cleanup(debug_free)

/* A file that a unit names, without the folder of the build. NULL stays NULL. */
const char *debug_file(Dwarf_Die *unit, const char *file);

#endif

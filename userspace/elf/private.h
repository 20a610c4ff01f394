/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of elf/. */
#ifndef SUTURE_ELF_PRIVATE_H
#define SUTURE_ELF_PRIVATE_H

#include "elf/object.h"

/* An object with nothing in it, not even the null section. */
struct error *object_alloc(const char *name, struct object **out) __must_check;
/* Append; .index is set. The name must live as long as the object. */
struct error *object_append_section(struct object *o, struct section **out) __must_check;
struct error *object_append_symbol(struct object *o, struct symbol **out) __must_check;
/* Make them known by name; the first of a name stays. */
struct error *object_index_section(struct object *o, struct section *s) __must_check;
struct error *object_index_symbol(struct object *o, struct symbol *sym) __must_check;

/* Sort .symbols of a section and make .reach. */
struct error *section_sort_symbols(struct section *s) __must_check;
/* Sort n relocations by offset; those at one offset keep their order. */
struct error *relocs_sort(struct reloc *r, size_t n) __must_check;

/* For symbol.shndx: beyond 65,279 sections it tells no more than "defined". */
static inline uint16_t section_shndx(unsigned int index)
{
	return index < SHN_LORESERVE ? (uint16_t)index : SHN_LORESERVE - 1;
}

#endif

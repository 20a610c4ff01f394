/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One ELF file as a graph in memory: sections, symbols, relocations point to one
 * another. Read once, checked once: everything behind these pointers is in bounds,
 * so the parts above need no further checks. Also the form in which objects are
 * made and written.
 *
 * Knowledge: System V gABI, chapters 4 and 5; psABI for x86-64. Reading and writing
 * go through libelf. Only 64-bit little-endian files are taken.
 *
 * What is guaranteed of an ET_REL, read or made: .bytes has .size bytes; a symbol with a
 * section lies in it (value + size <= section size); a relocation lies in its section
 * (offset < size; how wide its field is, only arch/ knows: check offset + width); indexes
 * equal positions in .sections and .symbols. Of an ET_EXEC or ET_DYN only that pointers
 * and .bytes are sound: its symbol values are addresses, its (dynamic) relocations are
 * not read, and without a .symtab its symbols are those of .dynsym.
 *
 * Livepatch relocation sections (SHF_RELA_LIVEPATCH) are not merged into .relocs of the
 * section they apply to: their own .relocs has them, and .info is the index of the
 * section they apply to. They are written as they are. To make one: object_add_section()
 * with SHT_RELA and SHF_RELA_LIVEPATCH, no bytes; set .info; object_add_reloc() to it.
 *
 * Ownership: everything belongs to the object and dies with object_free().
 */
#ifndef SUTURE_ELF_OBJECT_H
#define SUTURE_ELF_OBJECT_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/vec.h"

#ifndef SHN_LIVEPATCH
#define SHN_LIVEPATCH 0xff20
#endif
#ifndef SHF_RELA_LIVEPATCH
#define SHF_RELA_LIVEPATCH 0x00100000
#endif

struct section;
struct symbol;

struct reloc {
	uint64_t offset;       /* in its section */
	uint32_t type;	       /* R_X86_64_... */
	struct symbol *symbol; /* never NULL: symbols[0] stands for "none" */
	int64_t addend;
};

struct section {
	const char *name;
	unsigned int index; /* position in object.sections */
	uint32_t type, info;
	uint64_t flags, address, align, entsize;
	uint64_t size;
	uint8_t *bytes; /* size bytes; NULL if SHT_NOBITS or empty */
	struct section *link;

	struct symbol *symbol; /* its STT_SECTION symbol, or NULL */
	VEC(struct symbol *)
	symbols; /* defined here, but for STT_SECTION; sorted by value, then index */
	VEC(struct reloc) relocs;   /* that apply to it; sorted by offset (stable) */
	VEC(struct section *) rela; /* the SHT_RELA sections these came from */
	VEC(uint64_t) reach;	    /* private: the furthest end of symbols[0..i] */

	void *user; /* free for the layer above */
};

struct symbol {
	const char *name;   /* "" for none; section symbols carry their section's name */
	unsigned int index; /* position in object.symbols */
	uint64_t value, size;
	uint8_t type, bind, visibility; /* STT_, STB_, STV_ */
	uint16_t shndx; /* SHN_UNDEF, SHN_ABS, SHN_COMMON, SHN_LIVEPATCH; SHN_XINDEX never. Another
			   value: defined in .section */
	struct section *section; /* NULL unless defined in one */

	void *user; /* free for the layer above */
};

struct object {
	char *name;	  /* what messages call it, usually its path */
	uint16_t type;	  /* ET_REL, ET_EXEC, ET_DYN */
	uint16_t machine; /* EM_X86_64, ... */
	uint32_t flags;
	uint64_t entry;
	VEC(struct section *) sections; /* [0] is the null section */
	VEC(struct symbol *) symbols;	/* [0] is the null symbol */

	struct hash_map sections_by_name; /* -> the first of that name; those whose relocations
					     are in .relocs of others are left out */
	struct hash_map symbols_by_name;  /* -> the first of that name, section symbols left out */
	struct arena arena;
	struct strbuf content; /* of the file; names and bytes point into it */
};

/* Refuses what is no ELF, cut off, of another class or order, or contradicts itself. */
struct error *object_read(const char *path, struct object **out) __must_check;
/* The same from memory, which is copied. 'name' is for messages. */
struct error *object_parse(const char *name, const void *bytes, size_t size,
			   struct object **out) __must_check;
void object_free(struct object **o);
#define __cleanup_object __cleanup(object_free)

/* NULL if there is none. */
struct section *object_section(const struct object *o, const char *name);
struct symbol *object_symbol(const struct object *o, const char *name);

/* The first relocation at or behind offset; index into relocs, == relocs.n if none. */
size_t section_reloc_at(const struct section *s, uint64_t offset);
/*
 * The function or object that covers offset, else whatever other symbol does; the innermost
 * if several do. A symbol without a size covers only its own address. NULL if none. ET_REL.
 */
struct symbol *section_symbol_at(const struct section *s, uint64_t offset);

/* --- making and changing objects ------------------------------------------- */

/* An empty ET_REL. */
struct error *object_new(const char *name, uint16_t machine, struct object **out) __must_check;
/*
 * Bytes are copied (NULL: zeroes, or none for SHT_NOBITS). Names are copied. Sections that
 * object_write() makes itself (symbol and string tables, .rela) are not added.
 */
struct error *object_add_section(struct object *o, const char *name, uint32_t type, uint64_t flags,
				 uint64_t align, const void *bytes, uint64_t size,
				 struct section **out) __must_check;
struct error *object_add_symbol(struct object *o, const char *name, uint8_t type, uint8_t bind,
				struct section *section, uint64_t value, uint64_t size,
				struct symbol **out) __must_check;
/* Its section symbol, made if missing. */
struct error *object_section_symbol(struct object *o, struct section *s,
				    struct symbol **out) __must_check;
/* Relocations may be added in any order; they are sorted when written. */
struct error *object_add_reloc(struct section *s, uint64_t offset, uint32_t type,
			       struct symbol *symbol, int64_t addend) __must_check;

/*
 * Write an ET_REL whole or not at all. SHT_RELA sections are made anew from .relocs (one for each
 * section, named ".rela" + its name), symbol and string tables too: local symbols first.
 * The output depends on nothing but the content: the same object, the same bytes.
 */
struct error *object_write(const struct object *o, const char *path) __must_check;

#endif

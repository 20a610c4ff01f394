/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program or shared object as an image, stripped or not: what its loader will fill in is known
 * by name, and what leads there (slots of the global offset table, stubs of the procedure
 * linkage table) is seen through.
 *
 * Symbols are those of .symtab if it is there, else those that others may link to (.dynsym): then
 * nothing private has a name.
 *
 * Knowledge: System V gABI, chapter 5; psABI for x86-64, chapters 4.4 and 5.2; LSB, chapter 10.7
 * (versions).
 */
#ifndef SUTURE_IMAGE_PROGRAM_H
#define SUTURE_IMAGE_PROGRAM_H

#include "image/image.h"

/* A symbol that the file asks its loader for, or offers. */
struct program_symbol {
	const char *name;
	const char *version; /* NULL: none */
	uint64_t address;    /* 0: another file's */
	uint8_t type;	     /* STT_... */
	bool defined;
};

/* A place that the loader fills in. */
struct program_field {
	uint64_t at;
	uint32_t type;	 /* R_X86_64_RELATIVE, _GLOB_DAT, ... */
	uint32_t symbol; /* index into symbols; 0: none */
	int64_t addend;
};

/* Where a function begins and how long it is, by the unwind table. */
struct program_extent {
	uint64_t at, size;
};

struct program {
	struct image *image; /* owned */
	uint8_t build_id[64];
	unsigned int build_id_n; /* 0: it has none */
	uint16_t type;		 /* ET_EXEC, ET_DYN */
	bool is_static;		 /* it asks for no loader */
	bool is_loader;		 /* it is what loads programs */
	bool text_fields;	 /* the loader writes into its code (DT_TEXTREL) */
	bool has_names;		 /* .symtab is there */
	bool lto;		 /* it was linked from intermediate code, as far as it tells */
	uint64_t tls_size, tls_align, tls_address;
	VEC(struct program_symbol) symbols; /* [0] is none */
	VEC(struct program_field) fields;   /* sorted by .at */
	VEC(struct program_extent) extents; /* sorted by .at; none if there is no unwind table */
	VEC(const char *) needed;	    /* the libraries it asks for */
};

struct error *program_open(const char *path, struct program **out) __must_check;
void program_free(struct program **p);
#define __cleanup_program __cleanup(program_free)

/* The program that an image belongs to; NULL if it is of another kind. */
const struct program *program_of(const struct image *img);

/*
 * The image once more, with more names: for objects whose functions were found without any. The
 * program must outlive it. Names are copied.
 */
struct error *program_with_names(const struct program *p, const struct image_symbol *symbols,
				 size_t n, struct image **out) __must_check;

/* What the loader writes there; NULL: nothing. */
const struct program_field *program_field_at(const struct program *p, uint64_t at);

/* Whether the code at an address does nothing but jump to where a slot leads. */
bool program_is_stub(const struct program *p, uint64_t address, uint64_t *slot);

/* What a slot holds once it is filled in: an address of the file, or another's name. */
struct program_meaning {
	const char *name, *version; /* NULL: */
	uint64_t address;
	bool known;
};
struct program_meaning program_slot(const struct program *p, uint64_t slot);

/* The symbol of that name which the file asks for or offers; NULL if there is none. */
const struct program_symbol *program_symbol_named(const struct program *p, const char *name);
/* A stub for a symbol of another file; 0 if there is none. */
uint64_t program_stub_of(const struct program *p, const char *name);
/* The slot that holds a symbol's address from the start; 0 if there is none. */
uint64_t program_slot_of(const struct program *p, const char *name);

/* The two slots by which code finds the file's variables of a thread; 0 if there are none. */
uint64_t program_module_slot(const struct program *p);
bool program_is_module_slot(const struct program *p, uint64_t slot);

/*
 * Whether everything that is loaded has the same bytes, but for each one's own build-id; else the
 * first place where it has not. A build-id is also of what is not loaded: debug information has the
 * compiler's name and a folder's in it.
 */
bool program_same_loaded(const struct program *a, const struct program *b, const char **where);

/* Bytes from 'end', the end of a function, to what comes next, as far as they are padding. */
uint64_t program_padding(const struct program *p, uint64_t end);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hotpatch object: what one fix brings into each process that maps one ELF file, named by its
 * build-id. It is a relocatable in three parts that are placed together, near the file's code;
 * its references lead to itself, to the file (by the file's own virtual addresses), or to a symbol
 * that the process's loader would look up.
 *
 * Knowledge: the System V ABI and its x86-64 supplement (relocation types), LSB (symbol versions).
 */
#ifndef SUTURE_HOTPATCH_OBJECT_H
#define SUTURE_HOTPATCH_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/vec.h"

enum hotpatch_part_kind {
	HOTPATCH_CODE,	/* r-x */
	HOTPATCH_CONST, /* r-- once linked: read-only data, unwind tables, tables of pointers */
	HOTPATCH_DATA,	/* rw-: new variables, then those that start as zero */
	HOTPATCH_PARTS,
};

struct hotpatch_part {
	const uint8_t *bytes;
	uint64_t n;    /* of bytes */
	uint64_t size; /* in memory: n, and zeros behind */
	uint64_t align;
};

/* Where a reference leads; its value is that address plus the addend. */
enum hotpatch_to {
	HOTPATCH_TO_PART,   /* part and offset: within the object */
	HOTPATCH_TO_FILE,   /* a virtual address of the file; its load bias is added */
	HOTPATCH_TO_SYMBOL, /* what the loader binds the name (and version) to for this file */
	HOTPATCH_TO_GOT,    /* an eight-byte slot of the object's own that holds that address */
	HOTPATCH_TO_TLS,    /* the offset from the thread pointer of an existing variable */
};

struct hotpatch_reference {
	enum hotpatch_part_kind part; /* where the field is */
	uint64_t offset;
	uint32_t type; /* R_X86_64_64, _PC32, _32, _32S, _PC64, _TPOFF32: how it is written */
	enum hotpatch_to to;
	enum hotpatch_part_kind to_part;
	uint64_t to_offset;	      /* within to_part, or the file's virtual address */
	const char *symbol, *version; /* HOTPATCH_TO_SYMBOL, _GOT; version may be NULL */
	int64_t addend;
};

/* An old function, and the new one that its entry leads to. */
struct hotpatch_function {
	const char *name;
	uint64_t old;	      /* the file's virtual address */
	uint64_t size;	      /* of the old function, padding not counted */
	uint64_t room;	      /* bytes up to the next function or datum: size and padding */
	const uint8_t *bytes; /* 'size' bytes of the file at old: what must be there */
	uint64_t fresh;	      /* offset of the new function in HOTPATCH_CODE */
	uint64_t fresh_size;
	bool may_be_on_stack; /* the switch may happen while an activation of the old one lives */
};

/* Code of an old function that may not be on a stack, apart from it: nobody may be there, either.
 */
struct hotpatch_piece {
	const char *name;
	uint64_t old, size; /* the file's virtual address */
};

/* A function of HOTPATCH_CODE by its name: for profilers, debuggers, and the hooks below. */
struct hotpatch_symbol {
	const char *name;
	uint64_t offset, size;
};

struct hotpatch_object {
	const char *fix; /* its name: patch id in the target */
	uint8_t build_id[64];
	unsigned int build_id_n;
	struct hotpatch_part parts[HOTPATCH_PARTS];
	VEC(struct hotpatch_reference) references;
	VEC(struct hotpatch_function) functions;
	VEC(struct hotpatch_piece) pieces;
	VEC(struct hotpatch_symbol) symbols;
	uint64_t eh_frame, eh_frame_n; /* within HOTPATCH_CONST; n 0: none */
	bool needs_unwind;	       /* exceptions may come through: the unwinder must know it */
	const char *pre_apply, *post_apply, *pre_revert, *post_revert; /* of 'symbols'; or NULL */
	struct arena arena;
};

void hotpatch_object_free(struct hotpatch_object *o);
#define __cleanup_hotpatch __cleanup(hotpatch_object_free)

/*
 * What holds of every object that was read, and must of one that is written: fields lie in the
 * bytes of their part, and are in order and apart; what they lead to lies in the object; old
 * functions are in order and apart, 'room' counted, and so are pieces; names are printable.
 *
 * As a file (ET_REL with notes and sections of suture's own). Reading takes hostile input: sizes,
 * offsets, kinds and names are checked, ERROR_FAILED says what is wrong and where.
 */
struct error *hotpatch_object_write(const struct hotpatch_object *o, const char *path) __must_check;
struct error *hotpatch_object_read(const void *bytes, uint64_t n,
				   struct hotpatch_object *out) __must_check;

#endif

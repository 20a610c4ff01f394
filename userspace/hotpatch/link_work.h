/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the files of the linker. */
#ifndef SUTURE_HOTPATCH_LINK_WORK_H
#define SUTURE_HOTPATCH_LINK_WORK_H

#include "base/str.h"
#include "hotpatch/link.h"

/* Where a section of an extracted object lies. */
struct laid {
	bool is_there;
	enum hotpatch_part_kind part;
	uint64_t offset;
};

/* Where something is. */
struct spot {
	enum hotpatch_to to;
	enum hotpatch_part_kind part;
	uint64_t offset; /* in the part, or the file's address */
	const char *symbol, *version;
};

/* A slot or stub of the object's own. */
struct own {
	struct spot spot;
	bool is_stub;
	uint64_t at; /* the slot in HOTPATCH_CONST, the stub in HOTPATCH_CODE */
};

struct link {
	const struct hotpatch_request *request;
	const struct program *program;
	const struct hotpatch_unit *units;
	size_t n;
	struct laid **laid; /* by unit, then by section */
	struct strbuf bytes[HOTPATCH_PARTS];
	uint64_t size[HOTPATCH_PARTS], align[HOTPATCH_PARTS];
	VEC(struct own) owned;
	struct hash_map globals; /* name -> unit << 32 | index of the symbol */
	struct hotpatch_object *o;
	struct hotpatch_account *account;
};

/* Grow a part: *at is where the bytes are (NULL: zeroes). */
struct error *link_put(struct link *l, enum hotpatch_part_kind part, const void *bytes, uint64_t n,
		       uint64_t align, uint64_t *at) __must_check;
struct error *link_reference(struct link *l, enum hotpatch_part_kind part, uint64_t offset,
			     uint32_t type, const struct spot *to, int64_t addend) __must_check;

/* place.c: where a symbol of unit u's extracted object is, for a field of that type. */
struct error *link_field(struct link *l, size_t u, const struct section *s,
			 const struct reloc *r) __must_check;

/* unwind_table.c: the unwind table of everything that was extracted. */
struct error *link_unwind(struct link *l) __must_check;

/* pieces.c: where nobody may be besides the old functions. */
struct error *link_pieces(struct link *l) __must_check;
/* ERROR_REFUSED: one that may stay on a stack calls what is replaced with it (stays.c). */
struct error *link_check_stays(const struct link *l) __must_check;

/* The request says so. */
bool link_may_be_on_stack(const struct link *l, const char *function);

#endif

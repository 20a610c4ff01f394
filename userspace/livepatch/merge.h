/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several relocatable objects become one, as "ld -r" with the kernel's module script would
 * do it, but with the symbols in our hands: each input says what becomes of each of its
 * undefined symbols, and what an input defines stays its own.
 *
 * Sections of one name become one section, in the order of the inputs: the module loader
 * looks for its tables by name and takes the first. -ffunction-sections and -fdata-sections
 * are undone (.text.foo is .text); names that begin with two dots (.data..ro_after_init)
 * mean something to the kernel and are left alone.
 *
 * Knowledge: scripts/module.lds.S, kernel/module/main.c (find_module_sections).
 */
#ifndef SUTURE_LIVEPATCH_MERGE_H
#define SUTURE_LIVEPATCH_MERGE_H

#include "elf/object.h"

/* A piece of a section that is left out; nothing may refer to it or behind it. */
struct merge_cut {
	const struct section *section;
	uint64_t offset, size;
};

struct merge_input {
	const struct object *object;
	const char *patched;	    /* the livepatch object that the input belongs to */
	VEC(struct merge_cut) cuts; /* in the order of offsets within a section */
	/*
	 * By symbol index, made by merge_place() and filled in by the caller: what a symbol
	 * without a section is in the result. A relocation to one that is left NULL is refused.
	 */
	struct symbol **outside;
	struct symbol **symbols; /* by symbol index: its counterpart in the result, or NULL */
	struct merge_piece *pieces;
};

struct merge {
	struct object *out;
	struct merge_input *inputs;
	size_t n;
	VEC(struct merge_group *) groups;
	struct hash_map by_name;
	struct arena arena;
};

/* Make the sections and the defined symbols of the result. All symbols become local. */
struct error *merge_place(struct merge *m) __must_check;
/*
 * Once every input's .outside is set: the relocations. Those to livepatch symbols go to
 * livepatch relocation sections (klp.h).
 */
struct error *merge_relocate(struct merge *m) __must_check;
/*
 * Where a symbol of an input, or what lies 'addend' behind it, is in the result. ERROR_REFUSED if
 * it was left out.
 */
struct error *merge_target(const struct merge_input *in, const struct symbol *s, int64_t addend,
			   struct symbol **out, int64_t *out_addend) __must_check;
/* Does any relocation that stays refer to the symbol? */
bool merge_uses(const struct merge_input *in, const struct symbol *s);
/* Where an offset of an input's section went; false if it was left out. Once placed. */
bool merge_where(const struct merge_input *in, const struct section *s, uint64_t offset,
		 struct section **out, uint64_t *at);
void merge_free(struct merge *m);
#define __cleanup_merge __cleanup(merge_free)

#endif

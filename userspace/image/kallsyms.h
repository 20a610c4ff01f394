/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own symbol table, as it lies in the read-only data of vmlinux. Found by its
 * structure, never at fixed addresses, and believed only if everything agrees.
 *
 * Knowledge: scripts/kallsyms.c (write_src) and kernel/kallsyms.c of 6.1, 6.12 and 7.x.
 * The tables, each aligned to 8 bytes, in 7.2 to 4:
 *
 *	to 6.3:   offsets, relative_base, num_syms, names, markers, [seqs_of_names,]
 *	          token_table, token_index
 *	from 6.4: num_syms, names, markers, token_table, token_index, offsets,
 *	          [relative_base,] seqs_of_names
 *
 * An offset is one of: from relative_base, unsigned; the same with absolute (percpu) symbols
 * as non-negative numbers and all others as base - 1 - offset; or from its own place.
 */
#ifndef SUTURE_IMAGE_KALLSYMS_H
#define SUTURE_IMAGE_KALLSYMS_H

#include "image/image.h"

/* Where to look, and what addresses symbols may have. */
struct kallsyms_area {
	const uint8_t *bytes;
	size_t size;
	uint64_t address;	  /* of bytes */
	uint64_t lowest, highest; /* of the image's code and data, highest included */
};

/*
 * Appends to img->symbols; names are allocated in img->arena. *found is false, and nothing
 * is added, if there is no such table in the area; a table that is there and contradicts
 * itself is an error.
 */
struct error *kallsyms_parse(const struct kallsyms_area *area, struct image *img,
			     bool *found) __must_check;

#endif

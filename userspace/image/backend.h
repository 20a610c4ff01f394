/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the backends share: how an image is put together. Not for users of images. */
#ifndef SUTURE_IMAGE_BACKEND_H
#define SUTURE_IMAGE_BACKEND_H

#include "image/image.h"

struct image_ops {
	/* NULL: the field holds what the linker wrote. */
	bool (*refers)(const struct image *img, uint64_t field, const struct reloc_kind *kind,
		       struct image_target *out);
	/* NULL: there is nothing left to relocate. */
	uint64_t (*next_field)(const struct image *img, uint64_t from, uint64_t to);
	/* NULL, or frees img->private. */
	void (*release)(struct image *img);
};

/* An empty image of that name for EM_X86_64. */
struct error *image_new(const char *name, struct image **out) __must_check;

/*
 * The last step of every backend: segments and symbols are all there, each symbol's
 * 'position' holds its rank for ties (any number that grows in the file's order). Sorts,
 * checks that segments do not overlap, and makes the name index with the final positions.
 * by_rank: positions follow the rank (modules), not the address.
 */
struct error *image_finish(struct image *img, bool by_rank) __must_check;

/* What the linker wrote: the field's bytes, read as its kind says. */
bool image_refers_linked(const struct image *img, uint64_t field, const struct reloc_kind *kind,
			 struct image_target *out);

/*
 * Segments from the bytes of a linked ELF file (its sections, or without them its program
 * headers), and, if asked for, symbols from its symbol table. The bytes must outlive img.
 */
struct error *image_add_elf(struct image *img, const uint8_t *bytes, size_t size,
			    bool with_symbols) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An image: bytes and symbols that can be read at addresses. The matcher asks nothing
 * else of a vmlinux, a kernel module file, or (later) the live kernel or a process.
 *
 * A relocatable module has no addresses yet; its sections are laid out at made-up ones,
 * and image_refers() answers from its relocations.
 */
#ifndef SUTURE_IMAGE_IMAGE_H
#define SUTURE_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/arch.h"
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"
#include "base/vec.h"

struct image_segment {
	uint64_t address, size;
	const uint8_t *bytes; /* NULL: zeroes (bss) */
	const char *name;     /* section, or "" */
	bool executable, writable;
};

struct image_symbol {
	uint64_t address;
	uint64_t size; /* 0 if not known (kallsyms has none) */
	const char *name;
	char type; /* as in kallsyms: tTdDbBrRvVwWaA */
	/*
	 * Its position among the symbols of this name, from 1, counted the way livepatch
	 * counts: address order for vmlinux, symbol table order for modules. 0 would claim
	 * uniqueness; ask image_sympos().
	 */
	unsigned int position;
	unsigned int same_name; /* how many have this name */
};

/* What a field of the image refers to. */
struct image_target {
	uint64_t address; /* valid if name is NULL */
	const char *name; /* an undefined symbol of a relocatable image */
	int64_t addend;	  /* with name */
};

struct image {
	char *name; /* the livepatch object: "vmlinux", or a module's name with '_' */
	const struct arch *arch;
	VEC(struct image_segment) segments; /* sorted by address, not overlapping */
	VEC(struct image_symbol) symbols;   /* sorted by address, then file order */
	VEC(uint32_t) name_order;	    /* symbol indices sorted by name, then position */
	const struct image_ops *ops;
	void *private;
	struct arena arena;
};

/*
 * vmlinux from a distro's vmlinuz: decompress (xz, zstd, gzip, lz4), find kallsyms in it.
 * image_open_cache() reads what image_write_cache() wrote, in milliseconds; the file stays
 * mapped, so it may be renamed or removed but not rewritten in place.
 */
struct error *image_open_vmlinuz(const char *path, struct image **out) __must_check;
/* A linked ELF file with a symbol table (ET_EXEC, ET_DYN); 'name' is the livepatch object. */
struct error *image_open_elf(const char *path, const char *name, struct image **out) __must_check;
struct error *image_open_cache(const char *path, struct image **out) __must_check;
struct error *image_write_cache(const struct image *img, const char *path) __must_check;
/* A module file (.ko, also packed: .ko.xz); also an ET_REL object in tests. */
struct error *image_open_module(const char *path, struct image **out) __must_check;
/*
 * What was read from a running kernel: segments whose bytes must outlive the image, and symbols
 * whose 'position' is their rank.
 */
struct error *image_from_memory(const char *name, const struct image_segment *segments,
				size_t n_segments, const struct image_symbol *symbols,
				size_t n_symbols, struct image **out) __must_check;
void image_free(struct image **img);
#define __cleanup_image __cleanup(image_free)

/* The bytes at [address, address + size), or NULL if not all of them are in one segment. */
const uint8_t *image_bytes(const struct image *img, uint64_t address, size_t size);
const struct image_segment *image_segment_at(const struct image *img, uint64_t address);

/* The symbols of a name: returns how many, *first is an index into name_order. */
size_t image_symbols_named(const struct image *img, const char *name, size_t *first);
/* The symbols exactly at an address: returns how many, *first is an index into symbols. */
size_t image_symbols_at(const struct image *img, uint64_t address, size_t *first);
/* The last symbol at or before an address, or NULL. */
const struct image_symbol *image_symbol_covering(const struct image *img, uint64_t address);
/* The one symbol of that name at an address, or NULL. */
const struct image_symbol *image_symbol_named_at(const struct image *img, const char *name,
						 uint64_t address);
/* What livepatch wants as old_sympos: 0 if the name is unique, else the position. */
unsigned int image_sympos(const struct image_symbol *s);

/*
 * What the relocation field at 'field' refers to, read from linked bytes or from the
 * module's own relocations: address or name, with pc-relative distance already undone
 * but the addend still in it. False if there is nothing that makes sense.
 */
bool image_refers(const struct image *img, uint64_t field, const struct reloc_kind *kind,
		  struct image_target *out);

/*
 * The first byte in [from, to) that a relocation of the image itself will change before the
 * code runs; 'to' if there is none. In a linked image nothing is left to relocate.
 */
uint64_t image_next_field(const struct image *img, uint64_t from, uint64_t to);

#endif

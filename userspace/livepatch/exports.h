/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What vmlinux exports, read from its image: the tables between __start___ksymtab and
 * __stop___ksymtab (and their _gpl twins), with the checksums behind __start___kcrctab. The
 * module loader looks into the same tables, so they prove what an ordinary undefined symbol
 * will lead to, and that Module.symvers belongs to this very build.
 *
 * Knowledge: include/linux/export.h and kernel/module/main.c of 6.1: three 32-bit fields an
 * entry, relative to their own places (CONFIG_HAVE_ARCH_PREL32_RELOCATIONS): value, name,
 * namespace; a 32-bit checksum an entry.
 */
#ifndef SUTURE_LIVEPATCH_EXPORTS_H
#define SUTURE_LIVEPATCH_EXPORTS_H

#include "base/hash.h"
#include "base/vec.h"
#include "image/image.h"

struct image_export {
	uint64_t address;
	bool has_crc;
	uint32_t crc;
};

struct image_exports {
	bool known; /* the tables were found and understood */
	VEC(struct image_export) v;
	struct hash_map by_name; /* names lie in the image */
};

/* Tables that are not there or not understood are no error: .known is false. */
struct error *image_exports_read(const struct image *vmlinux,
				 struct image_exports *out) __must_check;
const struct image_export *image_exports_find(const struct image_exports *x, const char *name);
void image_exports_free(struct image_exports *x);
#define __cleanup_exports __cleanup(image_exports_free)

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a cpio archive in the "newc" form, as the kernel's initramfs wants it
 * (Documentation/driver-api/early-userspace/buffer-format.rst).
 *
 * Paths are given without the leading slash or with it; missing parent folders are made.
 * An entry whose path is already there is left out silently if it is a folder, and an
 * error otherwise.
 */
#ifndef SUTURE_QEMU_CPIO_H
#define SUTURE_QEMU_CPIO_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"

struct cpio {
	struct strbuf bytes;
	uint32_t entries;
	struct hash_map seen; /* path -> 1: folder, 2: else */
	struct arena names;
};

struct error *cpio_dir(struct cpio *c, const char *path) __must_check;
struct error *cpio_file(struct cpio *c, const char *path, unsigned int mode, const void *bytes,
			size_t size) __must_check;
struct error *cpio_symlink(struct cpio *c, const char *path, const char *to) __must_check;
/* A character device. */
struct error *cpio_device(struct cpio *c, const char *path, unsigned int mode, unsigned int major,
			  unsigned int minor) __must_check;
bool cpio_has(const struct cpio *c, const char *path);
/* The trailer; nothing may be added after it. */
struct error *cpio_end(struct cpio *c) __must_check;
void cpio_free(struct cpio *c);
#define __cleanup_cpio __cleanup(cpio_free)

#endif

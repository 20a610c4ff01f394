/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Module.symvers: what a kernel and its modules export, with the checksums (CRC) of the
 * types behind each symbol. Lines of five fields, separated by tabs:
 *
 *	0xCRC NAME OWNER EXPORT_KIND NAMESPACE
 *
 * OWNER is "vmlinux" or a module's path without ".ko". Knowledge: Documentation/kbuild/
 * modules.rst.
 */
#ifndef SUTURE_LIVEPATCH_SYMVERS_H
#define SUTURE_LIVEPATCH_SYMVERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/str.h"
#include "base/vec.h"

struct exported {
	const char *name;
	const char *owner;
	const char *name_space; /* "" for none */
	uint32_t crc;
};

struct symvers {
	struct strbuf text; /* what the strings point into */
	VEC(struct exported) exports;
	struct hash_map by_name; /* -> index */
};

/* A line that is not understood is an error. */
struct error *symvers_read(const char *path, struct symvers *out) __must_check;
/* The same from text, which is copied. */
struct error *symvers_parse(const char *text, struct symvers *out) __must_check;
void symvers_free(struct symvers *s);
#define __cleanup_symvers __cleanup(symvers_free)

/* Who exports the name, or NULL. */
const struct exported *symvers_find(const struct symvers *s, const char *name);
bool exported_by_vmlinux(const struct exported *e);
/* The owner as the kernel names it ("drivers/net/foo-bar" is "foo_bar"). NULL: no memory. */
char *exported_module(const struct exported *e);

#endif

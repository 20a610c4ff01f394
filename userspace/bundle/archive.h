/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tar file, through libarchive, in memory. */
#ifndef SUTURE_BUNDLE_ARCHIVE_H
#define SUTURE_BUNDLE_ARCHIVE_H

#include "base/str.h"
#include "base/vec.h"

struct archive_file {
	char *name;
	struct strbuf content;
};

struct bundle_files {
	VEC(struct archive_file) files;
};

struct archive_input {
	const char *name;
	const struct strbuf *content;
};

/* The archive's bytes; owners, times and modes are fixed. */
struct error *archive_pack(const struct archive_input *files, size_t n,
			   struct strbuf *out) __must_check;

/*
 * Only what archive_pack() writes, byte for byte: plain files, of bounded number and size, with
 * harmless names, each name once; no compression; no owners, times or modes of their own; nothing
 * hidden in headers, between files or behind the end.
 */
struct error *archive_unpack(const void *bytes, size_t n, struct bundle_files *out) __must_check;
void archive_files_free(struct bundle_files *f);
#define __cleanup_files __cleanup(archive_files_free)

const struct strbuf *archive_find(const struct bundle_files *f, const char *name);

#endif

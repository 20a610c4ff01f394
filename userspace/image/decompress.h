/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel's compressed payload, and packed modules, in the formats that Kbuild makes: gzip, xz
 * (with the x86 branch filter), zstd, and the lz4 legacy frame. For all but gzip, Kbuild appends
 * the unpacked size in four bytes; gzip has them by itself.
 */
#ifndef SUTURE_IMAGE_DECOMPRESS_H
#define SUTURE_IMAGE_DECOMPRESS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* *out is allocated; exactly the size that the payload's end claims, at most 1 GiB. */
struct error *decompress_payload(const uint8_t *in, size_t size, uint8_t **out,
				 size_t *out_size) __must_check;

/*
 * A file packed in one of these formats, whose size nobody claims (a module, .ko.xz); at most
 * 1 GiB. *out is NULL if it is in none of them: as it is.
 */
struct error *decompress_file(const uint8_t *in, size_t size, uint8_t **out,
			      size_t *out_size) __must_check;

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/decompress.h"

#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/cleanup.h"

#define LIMIT ((size_t)1 << 30)
#define LZ4_BLOCK ((size_t)8 << 20) /* of the legacy frame, unpacked */

struct format {
	const char *name;
	const char *magic;
	size_t magic_size;
	bool size_appended;
	/* Unpack into out; *got tells how much there was. Never writes beyond room. */
	struct error *(*unpack)(const uint8_t *in, size_t size, uint8_t *out, size_t room,
				size_t *got);
};

static struct error *unpack_gzip(const uint8_t *in, size_t size, uint8_t *out, size_t room,
				 size_t *got)
{
	z_stream z = { .next_in = (uint8_t *)in, .avail_in = size };
	int status;

	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return error_nomem();
	z.next_out = out;
	z.avail_out = room;
	status = inflate(&z, Z_FINISH);
	*got = z.total_out;
	inflateEnd(&z);
	return status == Z_STREAM_END ? NULL : error_failed("damaged gzip data");
}

static struct error *unpack_xz(const uint8_t *in, size_t size, uint8_t *out, size_t room,
			       size_t *got)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_ret status = lzma_stream_decoder(&z, (uint64_t)256 << 20, 0);

	if (status != LZMA_OK)
		return error_nomem();
	z.next_in = in;
	z.avail_in = size;
	z.next_out = out;
	z.avail_out = room;
	status = lzma_code(&z, LZMA_FINISH);
	*got = z.total_out;
	lzma_end(&z);
	if (status == LZMA_MEM_ERROR || status == LZMA_MEMLIMIT_ERROR)
		return error_nomem();
	return status == LZMA_STREAM_END ? NULL : error_failed("damaged xz data");
}

static void free_zstd(ZSTD_DCtx **z)
{
	ZSTD_freeDCtx(*z);
	*z = NULL;
}

static struct error *unpack_zstd(const uint8_t *in, size_t size, uint8_t *out, size_t room,
				 size_t *got)
{
	ZSTD_DCtx *z __cleanup(free_zstd) = ZSTD_createDCtx();
	size_t n;

	if (!z)
		return error_nomem();
	n = ZSTD_decompressDCtx(z, out, room, in, size);
	if (ZSTD_getErrorCode(n) == ZSTD_error_dstSize_tooSmall)
		*got = room;
	if (ZSTD_isError(n))
		return error_failed("damaged zstd data (%s)", ZSTD_getErrorName(n));
	*got = n;
	return NULL;
}

static struct error *unpack_lz4(const uint8_t *in, size_t size, uint8_t *out, size_t room,
				size_t *got)
{
	size_t at = 4;
	uint32_t block;
	int n;

	for (*got = 0; at < size; at += block) {
		size_t space = room - *got;

		if (size - at < 4)
			return error_failed("damaged lz4 data");
		memcpy(&block, in + at, 4);
		at += 4;
		if (block > size - at || block > INT32_MAX)
			return error_failed("damaged lz4 data");
		n = LZ4_decompress_safe((const char *)in + at, (char *)out + *got, (int)block,
					(int)(space < LZ4_BLOCK ? space : LZ4_BLOCK));
		if (n < 0)
			return error_failed("damaged lz4 data");
		*got += (size_t)n;
	}
	return NULL;
}

static const struct format formats[] = {
	{ "gzip", "\x1f\x8b", 2, false, unpack_gzip },
	{ "xz", "\xfd\x37zXZ", 6, true, unpack_xz }, /* the sixth byte is the NUL */
	{ "zstd", "\x28\xb5\x2f\xfd", 4, true, unpack_zstd },
	{ "lz4", "\x02\x21\x4c\x18", 4, true, unpack_lz4 },
	{ "bzip2", "BZh", 3, true, NULL },
	{ "lzma", "\x5d\x00\x00", 3, true, NULL },
	{ "lzo", "\x89LZO", 4, true, NULL },
};

static const struct format *find_format(const uint8_t *in, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (size >= formats[i].magic_size &&
		    !memcmp(in, formats[i].magic, formats[i].magic_size))
			return &formats[i];
	return NULL;
}

struct error *decompress_payload(const uint8_t *in, size_t size, uint8_t **out, size_t *out_size)
{
	const struct format *f = find_format(in, size);
	uint8_t *bytes __free = NULL;
	uint32_t claimed;
	size_t got = 0;

	if (!f)
		return error_failed("the kernel is packed in no known format");
	if (!f->unpack)
		return error_refused("the kernel is packed with %s, which suture does not read; it "
				     "reads gzip, xz, zstd and lz4",
				     f->name);
	if (size < f->magic_size + 4)
		return error_failed("the packed kernel is cut off");
	memcpy(&claimed, in + size - 4, 4);
	if (!claimed || claimed > LIMIT)
		return error_failed("the packed kernel claims an impossible size of %u bytes",
				    claimed);
	bytes = malloc(claimed);
	if (!bytes)
		return error_nomem();
	TRY(f->unpack(in, f->size_appended ? size - 4 : size, bytes, claimed, &got));
	if (got != claimed)
		return error_failed("damaged %s data: %zu bytes where %u were promised", f->name,
				    got, claimed);
	*out = take(bytes);
	*out_size = claimed;
	return NULL;
}

struct error *decompress_file(const uint8_t *in, size_t size, uint8_t **out, size_t *out_size)
{
	const struct format *f = find_format(in, size);
	size_t room = size < 4096 ? 1 << 16 : size * 4;

	*out = NULL;
	if (!f || !f->unpack)
		return NULL;
	for (;; room *= 2) {
		uint8_t *bytes __free = malloc(room);
		struct error *e __cleanup_error = NULL;
		size_t got = 0;

		if (!bytes)
			return error_nomem();
		e = f->unpack(in, size, bytes, room, &got);
		if (e && got == room && room < LIMIT)
			continue; /* it may have been cut off by lack of room only */
		if (e)
			return take(e);
		*out = take(bytes);
		*out_size = got;
		return NULL;
	}
}

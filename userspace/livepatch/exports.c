// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/exports.h"

#include <string.h>

#define ENTRY_SIZE 12

struct span {
	uint64_t start, size;
	const uint8_t *bytes;
};

/* The bytes between two unique symbols; false if they do not delimit bytes of the image. */
static bool between(const struct image *img, const char *start, const char *stop, struct span *out)
{
	size_t first_start, first_stop;
	uint64_t end;

	if (image_symbols_named(img, start, &first_start) != 1 ||
	    image_symbols_named(img, stop, &first_stop) != 1)
		return false;
	out->start = img->symbols.v[img->name_order.v[first_start]].address;
	end = img->symbols.v[img->name_order.v[first_stop]].address;
	if (end < out->start)
		return false;
	out->size = end - out->start;
	out->bytes = out->size ? image_bytes(img, out->start, out->size) : NULL;
	return !out->size || out->bytes;
}

static uint64_t relative(const struct span *s, uint64_t at)
{
	int32_t distance;

	memcpy(&distance, s->bytes + at, sizeof(distance));
	return s->start + at + (uint64_t)(int64_t)distance;
}

/* A NUL-terminated name in the image, or NULL. */
static const char *name_at(const struct image *img, uint64_t address)
{
	const struct image_segment *s = image_segment_at(img, address);
	uint64_t left = s ? s->address + s->size - address : 0;
	const char *name = s && s->bytes ? (const char *)s->bytes + (address - s->address) : NULL;

	return name && *name && memchr(name, 0, left) ? name : NULL;
}

static struct error *add_table(const struct image *img, const struct span *symbols,
			       const struct span *crcs, struct image_exports *x)
{
	size_t n = symbols->size / ENTRY_SIZE;

	x->known =
		x->known && symbols->size % ENTRY_SIZE == 0 && (!crcs->size || crcs->size == n * 4);
	for (size_t i = 0; i < n && x->known; i++) {
		struct image_export e = { .address = relative(symbols, i * ENTRY_SIZE),
					  .has_crc = crcs->size > 0 };
		const char *name = name_at(img, relative(symbols, i * ENTRY_SIZE + 4));

		x->known = name && !hash_get(&x->by_name, name);
		if (!x->known)
			break;
		if (e.has_crc)
			memcpy(&e.crc, crcs->bytes + i * 4, sizeof(e.crc));
		TRY(hash_put(&x->by_name, name, x->v.n));
		TRY(vec_push(&x->v, e));
	}
	return NULL;
}

struct error *image_exports_read(const struct image *vmlinux, struct image_exports *out)
{
	struct image_exports x __cleanup_exports = { .known = true };
	struct span plain, gpl, plain_crc = { 0 }, gpl_crc = { 0 };

	if (!between(vmlinux, "__start___ksymtab", "__stop___ksymtab", &plain) ||
	    !between(vmlinux, "__start___ksymtab_gpl", "__stop___ksymtab_gpl", &gpl)) {
		*out = (struct image_exports){ 0 };
		return NULL;
	}
	if (!between(vmlinux, "__start___kcrctab", "__stop___kcrctab", &plain_crc))
		plain_crc.size = 0;
	if (!between(vmlinux, "__start___kcrctab_gpl", "__stop___kcrctab_gpl", &gpl_crc))
		gpl_crc.size = 0;
	TRY(add_table(vmlinux, &plain, &plain_crc, &x));
	TRY(add_table(vmlinux, &gpl, &gpl_crc, &x));
	*out = x;
	x = (struct image_exports){ 0 };
	return NULL;
}

const struct image_export *image_exports_find(const struct image_exports *x, const char *name)
{
	uint64_t *at = hash_get(&x->by_name, name);

	return at ? &x->v.v[*at] : NULL;
}

void image_exports_free(struct image_exports *x)
{
	vec_free(&x->v);
	hash_free(&x->by_name);
	*x = (struct image_exports){ 0 };
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An image as a file that is mapped and used in place:
 *
 *	header
 *	segments	struct cache_segment each
 *	symbols		struct cache_symbol each, sorted by address
 *	name order	uint32_t each
 *	text		NUL-terminated names; the last byte is a NUL
 *	bytes		of the segments, each at a multiple of 4096
 *
 * A digest guards everything but the bytes against damage. All positions and indices are
 * checked as well when the file is opened: it is read like any other hostile file.
 */
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "image/backend.h"

#define MAGIC "suture-image\0\0\0\1" /* the last byte is the version */
#define PAGE 4096ULL

struct cache_header {
	char magic[16];
	uint64_t digest; /* of everything from behind this field to the end of the text */
	uint32_t n_segments, n_symbols;
	uint64_t text_size;
	uint64_t file_size;
	uint32_t name; /* in the text */
	uint32_t reserved;
};

struct cache_segment {
	uint64_t address, size;
	uint64_t at; /* in the file; 0: zeroes */
	uint32_t name;
	uint8_t executable, writable, reserved[2];
};

struct cache_symbol {
	uint64_t address, size;
	uint32_t name, position, same_name;
	char type;
	uint8_t reserved[3];
};

#define DIGEST_FROM (offsetof(struct cache_header, digest) + sizeof(uint64_t))

static bool all_zero(const uint8_t *p, size_t n)
{
	return !n || (!p[0] && !memcmp(p, p + 1, n - 1));
}

static struct error *add_name(struct strbuf *text, const char *name, uint32_t *at)
{
	if (text->n + strlen(name) >= UINT32_MAX)
		return error_failed("too many symbol names");
	*at = text->n;
	return strbuf_add(text, name, strlen(name) + 1);
}

static struct error *pad(struct strbuf *b, size_t align)
{
	static const char zeroes[PAGE];
	size_t n = (align - b->n % align) % align;

	return strbuf_add(b, zeroes, n);
}

/* The segments' places are set, their bytes follow the tables. */
static struct error *lay_out(const struct image *img, struct cache_segment *seg, uint64_t at)
{
	for (size_t i = 0; i < img->segments.n; i++) {
		const struct image_segment *s = &img->segments.v[i];

		if (!s->bytes || all_zero(s->bytes, s->size))
			continue;
		at = (at + PAGE - 1) / PAGE * PAGE;
		seg[i].at = at;
		at += s->size;
	}
	return NULL;
}

static struct error *write_tables(const struct image *img, struct cache_header *h,
				  struct strbuf *out)
{
	struct cache_segment *seg __free = calloc(img->segments.n + 1, sizeof(*seg));
	struct cache_symbol *sym __free = calloc(img->symbols.n + 1, sizeof(*sym));
	struct strbuf text __cleanup_strbuf = { 0 };
	size_t at;

	if (!seg || !sym)
		return error_nomem();
	TRY(add_name(&text, img->name, &h->name));
	for (size_t i = 0; i < img->segments.n; i++) {
		const struct image_segment *s = &img->segments.v[i];

		seg[i] = (struct cache_segment){ .address = s->address,
						 .size = s->size,
						 .executable = s->executable,
						 .writable = s->writable };
		TRY(add_name(&text, s->name, &seg[i].name));
	}
	for (size_t i = 0; i < img->symbols.n; i++) {
		const struct image_symbol *s = &img->symbols.v[i];

		sym[i] = (struct cache_symbol){ .address = s->address,
						.size = s->size,
						.type = s->type,
						.position = s->position,
						.same_name = s->same_name };
		TRY(add_name(&text, s->name, &sym[i].name));
	}
	h->n_segments = img->segments.n;
	h->n_symbols = img->symbols.n;
	h->text_size = text.n;
	at = sizeof(*h) + img->segments.n * sizeof(*seg) + img->symbols.n * sizeof(*sym) +
	     img->name_order.n * sizeof(uint32_t) + text.n;
	TRY(lay_out(img, seg, at));
	TRY(strbuf_add(out, h, sizeof(*h)));
	TRY(strbuf_add(out, seg, img->segments.n * sizeof(*seg)));
	TRY(strbuf_add(out, sym, img->symbols.n * sizeof(*sym)));
	TRY(strbuf_add(out, img->name_order.v, img->name_order.n * sizeof(uint32_t)));
	return strbuf_add(out, text.s, text.n);
}

struct error *image_write_cache(const struct image *img, const char *path)
{
	struct cache_header h = { .magic = MAGIC };
	struct strbuf out __cleanup_strbuf = { 0 };
	size_t tables;

	if (img->ops && img->ops->refers)
		return error_failed("%s: only a linked image can be cached", img->name);
	TRY(write_tables(img, &h, &out));
	tables = out.n;
	for (size_t i = 0; i < img->segments.n; i++) {
		const struct image_segment *s = &img->segments.v[i];

		if (!s->bytes || all_zero(s->bytes, s->size))
			continue;
		TRY(pad(&out, PAGE));
		TRY(strbuf_add(&out, s->bytes, s->size));
	}
	h.file_size = out.n;
	memcpy(out.s, &h, sizeof(h));
	h.digest = hash_bytes(out.s + DIGEST_FROM, tables - DIGEST_FROM, 0);
	memcpy(out.s, &h, sizeof(h));
	return file_write(path, out.s, out.n, 0644);
}

/* --- reading -------------------------------------------------------------------- */

struct cache {
	struct file_map map;
	struct cache_header h;
	const uint8_t *segments, *symbols, *name_order;
	const char *text;
	uint64_t tables_end;
};

static void unmap_cache(struct image *img)
{
	struct cache *c = img->private;

	file_unmap(&c->map);
}

static const struct image_ops cache_ops = { .release = unmap_cache };

static struct error *damaged(void)
{
	return error_advise(error_failed("the cached image is damaged"),
			    "remove the target and add it again");
}

static struct error *read_header(struct cache *c)
{
	uint64_t at = sizeof(c->h), left;

	if (c->map.size < sizeof(c->h))
		return damaged();
	memcpy(&c->h, c->map.bytes, sizeof(c->h));
	if (memcmp(c->h.magic, MAGIC, sizeof(c->h.magic) - 1))
		return error_failed("this is no cached image");
	if (c->h.magic[15] != MAGIC[15])
		return error_advise(
			error_failed("the cached image is of another version of suture"),
			"remove the target and add it again");
	/* The counts have 32 bits, the sizes of their records 5: nothing overflows. */
	c->segments = c->map.bytes + at;
	at += c->h.n_segments * (uint64_t)sizeof(struct cache_segment);
	c->symbols = c->map.bytes + at;
	at += c->h.n_symbols * (uint64_t)sizeof(struct cache_symbol);
	c->name_order = c->map.bytes + at;
	at += c->h.n_symbols * (uint64_t)sizeof(uint32_t);
	if (c->h.file_size != c->map.size || at > c->map.size)
		return damaged();
	c->text = (const char *)c->map.bytes + at;
	left = c->map.size - at;
	if (!c->h.text_size || c->h.text_size > left || c->text[c->h.text_size - 1])
		return damaged();
	c->tables_end = at + c->h.text_size;
	if (hash_bytes(c->map.bytes + DIGEST_FROM, c->tables_end - DIGEST_FROM, 0) != c->h.digest)
		return damaged();
	return NULL;
}

static struct error *read_segments(const struct cache *c, struct image *img)
{
	uint64_t end = 0;

	TRY(vec_reserve(&img->segments, c->h.n_segments));
	for (uint32_t i = 0; i < c->h.n_segments; i++) {
		struct cache_segment s;

		memcpy(&s, c->segments + i * sizeof(s), sizeof(s));
		if (s.name >= c->h.text_size || s.address < end || s.address + s.size < s.address)
			return damaged();
		if (s.at && (s.at > c->map.size || s.size > c->map.size - s.at))
			return damaged();
		end = s.address + s.size;
		img->segments.v[img->segments.n++] = (struct image_segment){
			.address = s.address,
			.size = s.size,
			.bytes = s.at ? c->map.bytes + s.at : NULL,
			.name = c->text + s.name,
			.executable = s.executable,
			.writable = s.writable,
		};
	}
	return NULL;
}

/* In the name order, each name's symbols count from 1 to how many they are. */
static struct error *check_groups(const struct image *img)
{
	const struct image_symbol *last = NULL, *s;

	for (size_t i = 0; i < img->name_order.n; i++, last = s) {
		if (img->name_order.v[i] >= img->symbols.n)
			return damaged();
		s = &img->symbols.v[img->name_order.v[i]];
		if (!last || last->position == last->same_name) {
			if (s->position != 1)
				return damaged();
		} else if (s->position != last->position + 1 || s->same_name != last->same_name) {
			return damaged();
		}
	}
	return !last || last->position == last->same_name ? NULL : damaged();
}

static struct error *read_symbols(const struct cache *c, struct image *img)
{
	uint32_t n = c->h.n_symbols;
	uint64_t last = 0;

	TRY(vec_reserve(&img->symbols, n));
	TRY(vec_reserve(&img->name_order, n));
	for (uint32_t i = 0; i < n; i++) {
		struct cache_symbol s;

		memcpy(&s, c->symbols + i * sizeof(s), sizeof(s));
		if (s.name >= c->h.text_size || s.address < last || !s.position ||
		    s.position > s.same_name)
			return damaged();
		last = s.address;
		img->symbols.v[i] = (struct image_symbol){
			.address = s.address,
			.size = s.size,
			.name = c->text + s.name,
			.type = s.type,
			.position = s.position,
			.same_name = s.same_name,
		};
	}
	img->symbols.n = n;
	if (n)
		memcpy(img->name_order.v, c->name_order, n * sizeof(uint32_t));
	img->name_order.n = n;
	return check_groups(img);
}

struct error *image_open_cache(const char *path, struct image **out)
{
	struct image *img __cleanup_image = NULL;
	struct cache *c;

	TRY(image_new("", &img));
	c = arena_new(&img->arena, struct cache);
	if (!c)
		return error_nomem();
	TRY(file_map(path, &c->map));
	img->private = c;
	img->ops = &cache_ops;
	TRY_CONTEXT(read_header(c), "%s", path);
	if (c->h.name >= c->h.text_size)
		return error_context(damaged(), "%s", path);
	img->name = (char *)c->text + c->h.name;
	TRY_CONTEXT(read_segments(c, img), "%s", path);
	TRY_CONTEXT(read_symbols(c, img), "%s", path);
	*out = take(img);
	return NULL;
}

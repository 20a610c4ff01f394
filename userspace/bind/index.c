// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finding functions by their bytes. Each address where the image has a symbol in code is a
 * possible start; eight bytes at each of a few distances behind it are hashed. A function is
 * looked up by those eight of its bytes, free of fields, that the fewest starts share.
 */
#include <string.h>

#include "base/hash.h"
#include "bind/work.h"

#define WINDOW 8

static const uint8_t distances[] = { 0, 5, 8, 13, 16, 21, 24, 32, 40, 48, 64, 80, 96, 128 };

struct entry {
	uint32_t key;
	uint32_t start;
};

/* A longer list of places where bytes could be tells nothing. */
#define MOST_CANDIDATES 4096

struct text_index {
	const struct image *everywhere; /* a program: functions may begin anywhere; or NULL */
	VEC(uint64_t) starts;
	VEC(struct entry) entries; /* sorted by key, then start */
};

static uint32_t window_key(const uint8_t *p, uint8_t distance)
{
	return (uint32_t)hash_bytes(p, WINDOW, distance);
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

static struct error *add_start(struct text_index *x, const struct image *img, uint64_t address)
{
	uint32_t start = (uint32_t)x->starts.n;

	TRY(vec_push(&x->starts, address));
	for (size_t i = 0; i < ARRAY_SIZE(distances); i++) {
		const uint8_t *p = image_bytes(img, address + distances[i], WINDOW);

		if (!p)
			break;
		TRY(vec_push(&x->entries, (struct entry){ window_key(p, distances[i]), start }));
	}
	return NULL;
}

struct error *text_index_build(const struct image *img, struct text_index **out)
{
	struct text_index *x __cleanup_text_index = calloc(1, sizeof(*x));
	const struct image_segment *seg = NULL;
	uint64_t last = 0;

	if (!x)
		return error_nomem();
	if (img->arch->process) {
		x->everywhere = img;
		*out = take(x);
		return NULL;
	}
	vec_for_each(&img->symbols, s) {
		if (x->starts.n && s->address == last)
			continue;
		if (!seg || s->address < seg->address || s->address - seg->address >= seg->size)
			seg = image_segment_at(img, s->address);
		if (!seg || !seg->executable)
			continue;
		TRY(add_start(x, img, s->address));
		last = s->address;
	}
	vec_sort(&x->entries, compare_entries);
	*out = take(x);
	return NULL;
}

void text_index_free(struct text_index **x)
{
	if (!*x)
		return;
	vec_free(&(*x)->starts);
	vec_free(&(*x)->entries);
	free(*x);
	*x = NULL;
}

/* The entries of a key: how many, and the first. */
static size_t find_key(const struct text_index *x, uint32_t key, size_t *first)
{
	size_t low = 0, high = x->entries.n, n = 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (x->entries.v[mid].key < key)
			low = mid + 1;
		else
			high = mid;
	}
	*first = low;
	while (low + n < x->entries.n && x->entries.v[low + n].key == key)
		n++;
	return n;
}

static bool is_free_of_fields(const struct work *w, const struct section *s, uint64_t from)
{
	size_t i = section_reloc_at(s, from > 7 ? from - 7 : 0);

	for (; i < s->relocs.n && s->relocs.v[i].offset < from + WINDOW; i++) {
		const struct reloc_kind *kind = arch_reloc_kind(w->arch, s->relocs.v[i].type);

		if (!kind || s->relocs.v[i].offset + kind->size > from)
			return false;
	}
	return true;
}

/* The most bytes of a section that no field, nor what the linker may change with it, is among. */
static uint64_t longest_run(const struct work *w, const struct section *s, uint64_t *start)
{
	uint64_t best = 0, at = 0, end;

	*start = 0;
	for (size_t i = 0; i <= s->relocs.n; i++) {
		const struct reloc *r = i < s->relocs.n ? &s->relocs.v[i] : NULL;
		const struct reloc_kind *kind = r ? arch_reloc_kind(w->arch, r->type) : NULL;

		end = r ? r->offset - (kind ? through_lead(kind) : 0) : s->size;
		if (end > at && end <= s->size && end - at > best) {
			best = end - at;
			*start = at;
		}
		at = r ? r->offset + (kind ? kind->size : 8) : at;
	}
	return best;
}

/* Every place of the program's code that has these bytes. */
static struct error *search(const struct image *img, struct code *c, const uint8_t *bytes,
			    uint64_t n, uint64_t before)
{
	vec_for_each(&img->segments, s) {
		const uint8_t *at = s->bytes;

		if (!s->executable || !at)
			continue;
		while ((at = memmem(at, s->size - (uint64_t)(at - s->bytes), bytes, n))) {
			uint64_t address = s->address + (uint64_t)(at - s->bytes);

			at++;
			if (address < before)
				continue;
			TRY(vec_push(&c->candidates, address - before));
			if (c->candidates.n <= MOST_CANDIDATES)
				continue;
			c->candidates.n = 0;
			return NULL;
		}
	}
	return NULL;
}

struct error *index_candidates(const struct work *w, struct code *c)
{
	const struct text_index *x = w->index;
	const struct section *s = c->section;
	size_t best = SIZE_MAX, best_first = 0;

	if (x->everywhere) {
		uint64_t start, n = longest_run(w, s, &start);

		return n >= WINDOW ? search(x->everywhere, c, s->bytes + start, n, start) : NULL;
	}

	for (size_t i = 0; i < ARRAY_SIZE(distances); i++) {
		uint64_t at = c->main->value + distances[i];
		size_t first, n;

		if (at > s->size || s->size - at < WINDOW)
			break;
		if (!is_free_of_fields(w, s, at))
			continue;
		n = find_key(x, window_key(s->bytes + at, distances[i]), &first);
		if (n < best) {
			best = n;
			best_first = first;
		}
	}
	for (size_t i = best_first; best != SIZE_MAX && i < best_first + best; i++)
		TRY(vec_push(&c->candidates, x->starts.v[x->entries.v[i].start] - c->main->value));
	return NULL;
}

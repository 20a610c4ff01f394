// SPDX-License-Identifier: GPL-2.0-or-later
/* Looking things up in an image: by address, by name, and behind a relocation field. */
#include "image/image.h"

#include <elf.h>
#include <string.h>

#include "base/cleanup.h"
#include "image/backend.h"

struct error *image_new(const char *name, struct image **out)
{
	struct image *img __cleanup_image = calloc(1, sizeof(*img));

	if (!img)
		return error_nomem();
	img->arch = arch_find(EM_X86_64);
	img->name = arena_strdup(&img->arena, name);
	if (!img->name)
		return error_nomem();
	*out = take(img);
	return NULL;
}

void image_free(struct image **img)
{
	struct image *i = *img;

	if (!i)
		return;
	if (i->ops && i->ops->release)
		i->ops->release(i);
	vec_free(&i->segments);
	vec_free(&i->symbols);
	vec_free(&i->name_order);
	arena_free(&i->arena);
	free(i);
	*img = NULL;
}

static int compare_segments(const void *a, const void *b)
{
	const struct image_segment *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

static int compare_symbols(const void *a, const void *b)
{
	const struct image_symbol *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return x->position < y->position ? -1 : x->position > y->position;
}

static int compare_names(const void *a, const void *b, void *symbols)
{
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct image_symbol *s = symbols;
	int c = strcmp(s[i].name, s[j].name);

	return c ? c : i < j ? -1 : i > j;
}

static int compare_names_by_rank(const void *a, const void *b, void *symbols)
{
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const struct image_symbol *s = symbols;
	int c = strcmp(s[i].name, s[j].name);

	return c ? c : s[i].position < s[j].position ? -1 : s[i].position > s[j].position;
}

static struct error *check_segments(const struct image *img)
{
	uint64_t end = 0;

	vec_for_each(&img->segments, s) {
		if (s->address < end || s->address + s->size < s->address)
			return error_failed("%s: the segment %s at %#lx overlaps another",
					    img->name, s->name, s->address);
		end = s->address + s->size;
	}
	return NULL;
}

struct error *image_finish(struct image *img, bool by_rank)
{
	struct image_symbol *s;
	size_t n = img->symbols.n, i, j, k;

	vec_sort(&img->segments, compare_segments);
	TRY(check_segments(img));
	vec_sort(&img->symbols, compare_symbols);
	if (n > UINT32_MAX)
		return error_failed("%s: too many symbols", img->name);
	TRY(vec_reserve(&img->name_order, n));
	img->name_order.n = n;
	for (i = 0; i < n; i++)
		img->name_order.v[i] = i;
	if (n > 1)
		qsort_r(img->name_order.v, n, sizeof(uint32_t),
			by_rank ? compare_names_by_rank : compare_names, img->symbols.v);

	s = img->symbols.v;
	for (i = 0; i < n; i = j) {
		const char *name = s[img->name_order.v[i]].name;

		for (j = i + 1; j < n && !strcmp(s[img->name_order.v[j]].name, name);)
			j++;
		for (k = i; k < j; k++) {
			s[img->name_order.v[k]].position = k - i + 1;
			s[img->name_order.v[k]].same_name = j - i;
		}
	}
	return NULL;
}

const struct image_segment *image_segment_at(const struct image *img, uint64_t address)
{
	size_t low = 0, high = img->segments.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct image_segment *s = &img->segments.v[mid];

		if (address < s->address)
			high = mid;
		else if (address - s->address >= s->size)
			low = mid + 1;
		else
			return s;
	}
	return NULL;
}

const uint8_t *image_bytes(const struct image *img, uint64_t address, size_t size)
{
	const struct image_segment *s = image_segment_at(img, address);

	if (!s || !s->bytes || size > s->size - (address - s->address))
		return NULL;
	return s->bytes + (address - s->address);
}

/* The first index in name_order whose name is not less. */
static size_t name_lower_bound(const struct image *img, const char *name)
{
	size_t low = 0, high = img->name_order.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(img->symbols.v[img->name_order.v[mid]].name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

size_t image_symbols_named(const struct image *img, const char *name, size_t *first)
{
	const struct image_symbol *s;

	*first = name_lower_bound(img, name);
	if (*first == img->name_order.n)
		return 0;
	s = &img->symbols.v[img->name_order.v[*first]];
	return strcmp(s->name, name) ? 0 : s->same_name;
}

/* The first symbol whose address is not less. */
static size_t address_lower_bound(const struct image *img, uint64_t address)
{
	size_t low = 0, high = img->symbols.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (img->symbols.v[mid].address < address)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

size_t image_symbols_at(const struct image *img, uint64_t address, size_t *first)
{
	size_t n = 0;

	*first = address_lower_bound(img, address);
	while (*first + n < img->symbols.n && img->symbols.v[*first + n].address == address)
		n++;
	return n;
}

const struct image_symbol *image_symbol_named_at(const struct image *img, const char *name,
						 uint64_t address)
{
	size_t first, n = image_symbols_at(img, address, &first);

	for (size_t i = first; i < first + n; i++)
		if (!strcmp(img->symbols.v[i].name, name))
			return &img->symbols.v[i];
	return NULL;
}

const struct image_symbol *image_symbol_covering(const struct image *img, uint64_t address)
{
	size_t i = address_lower_bound(img, address);

	if (i < img->symbols.n && img->symbols.v[i].address == address)
		return &img->symbols.v[i];
	return i ? &img->symbols.v[i - 1] : NULL;
}

unsigned int image_sympos(const struct image_symbol *s)
{
	return s->same_name > 1 ? s->position : 0;
}

bool image_refers_linked(const struct image *img, uint64_t field, const struct reloc_kind *kind,
			 struct image_target *out)
{
	const uint8_t *p = image_bytes(img, field, kind->size);
	uint64_t value = 0;

	if (!p || !kind->size || kind->size > sizeof(value))
		return false;
	memcpy(&value, p, kind->size);
	if (kind->size < 8 && (kind->is_signed || kind->pc_relative)) {
		unsigned int shift = 64 - 8 * kind->size;

		value = (uint64_t)((int64_t)(value << shift) >> shift);
	}
	*out = (struct image_target){ .address = kind->pc_relative ? field + value : value };
	return true;
}

bool image_refers(const struct image *img, uint64_t field, const struct reloc_kind *kind,
		  struct image_target *out)
{
	if (img->ops && img->ops->refers)
		return img->ops->refers(img, field, kind, out);
	return image_refers_linked(img, field, kind, out);
}

uint64_t image_next_field(const struct image *img, uint64_t from, uint64_t to)
{
	return img->ops && img->ops->next_field ? img->ops->next_field(img, from, to) : to;
}

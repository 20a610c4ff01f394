// SPDX-License-Identifier: GPL-2.0-or-later
#include "image/kallsyms.h"

#include <string.h>

#include "base/cleanup.h"

#define TOKENS 256
#define MAX_TOKEN 512	       /* bytes of one token: KSYM_NAME_LEN */
#define MAX_NAME 2048	       /* bytes of one expanded name, type included */
#define MAX_SYMBOLS (1u << 24) /* seqs_of_names has three bytes for each */
#define MIN_SYMBOLS 2

/* Positions in area->bytes. */
struct tables {
	const uint8_t *bytes;
	size_t size;
	size_t align; /* of each table */
	size_t token_table, token_index;
	const char *token[TOKENS];
	uint16_t token_length[TOKENS];
	uint32_t count;
	size_t names, names_end, markers, markers_end;
	size_t offsets;
	size_t text; /* bytes of all names, NULs included */
};

static uint16_t read16(const struct tables *t, size_t at)
{
	uint16_t v;

	memcpy(&v, t->bytes + at, sizeof(v));
	return v;
}

static uint32_t read32(const struct tables *t, size_t at)
{
	uint32_t v;

	memcpy(&v, t->bytes + at, sizeof(v));
	return v;
}

static uint64_t read64(const struct tables *t, size_t at)
{
	uint64_t v;

	memcpy(&v, t->bytes + at, sizeof(v));
	return v;
}

static size_t align(const struct tables *t, size_t n)
{
	return (n + t->align - 1) & ~(t->align - 1);
}

static bool has(const struct tables *t, size_t at, size_t n)
{
	return at <= t->size && n <= t->size - at;
}

/* --- tokens ------------------------------------------------------------------- */

/* 256 growing positions, from 0. */
static bool is_token_index(const struct tables *t, size_t at)
{
	unsigned int last = 0;

	if (!has(t, at, TOKENS * 2) || read16(t, at))
		return false;
	for (unsigned int i = 1; i < TOKENS; i++) {
		unsigned int next = read16(t, at + 2 * i);

		if (next <= last || next - last > MAX_TOKEN)
			return false;
		last = next;
	}
	return true;
}

/* Is there a table at 'at' whose strings begin where the index says, and which ends before it? */
static bool read_tokens(struct tables *t, size_t at)
{
	for (unsigned int i = 0; i < TOKENS; i++) {
		size_t start = at + read16(t, t->token_index + 2 * i);
		size_t end = i + 1 < TOKENS ? at + read16(t, t->token_index + 2 * (i + 1))
					    : t->token_index;
		const char *s = (const char *)t->bytes + start;
		size_t n;

		if (start >= end || end > t->token_index)
			return false;
		n = strnlen(s, end - start);
		if (n == end - start)
			return false;
		if (i + 1 < TOKENS ? start + n + 1 != end : align(t, start + n + 1) != end)
			return false;
		t->token[i] = s;
		t->token_length[i] = n;
	}
	t->token_table = at;
	return true;
}

/* The next token index at or behind *at that has its table before it. */
static bool find_tokens(struct tables *t, size_t *at)
{
	for (; has(t, *at, TOKENS * 2); *at += t->align) {
		size_t last, table;

		if (!is_token_index(t, *at))
			continue;
		t->token_index = *at;
		last = read16(t, *at + 2 * (TOKENS - 1));
		for (table = *at; table + last + MAX_TOKEN + 8 > *at && table >= 8;
		     table -= t->align)
			if (table + last < *at && read_tokens(t, table))
				return true;
	}
	return false;
}

/* --- names -------------------------------------------------------------------- */

static bool is_type(char c)
{
	return c && strchr("aAbBdDgGiInNpPrRsStTuUvVwW?", c);
}

/*
 * The compressed name at *at: *data is set to its first byte, *n to their number, and *at
 * moves behind it. The length is one byte or, with the top bit set, two (ULEB128).
 */
static bool next_name(const struct tables *t, size_t *at, size_t end, size_t *data, size_t *n)
{
	size_t length;

	if (*at >= end)
		return false;
	length = t->bytes[(*at)++];
	if (length & 0x80) {
		if (*at >= end || t->bytes[*at] & 0x80)
			return false;
		length = (length & 0x7f) | (size_t)t->bytes[(*at)++] << 7;
	}
	if (!length || length > end - *at)
		return false;
	*data = *at;
	*n = length;
	*at += length;
	return true;
}

/* Length of the name as text with its type, 0 if it is none. */
static size_t expanded_length(const struct tables *t, size_t data, size_t n)
{
	size_t length = 0;

	for (size_t i = 0; i < n; i++)
		length += t->token_length[t->bytes[data + i]];
	if (length < 2 || length > MAX_NAME || !is_type(t->token[t->bytes[data]][0]))
		return 0;
	return length;
}

/* Behind the markers the tokens follow at once, or seqs_of_names with three bytes for each. */
static bool meets_tokens(const struct tables *t)
{
	size_t behind = align(t, t->markers_end);

	return behind == t->token_table ||
	       align(t, behind + 3 * (size_t)t->count) == t->token_table;
}

/*
 * Do names of that count begin here, with markers behind them that agree? 'budget' bounds
 * the work over all attempts, so that no file takes long.
 */
static bool read_names(struct tables *t, size_t names, uint32_t count, uint64_t *budget)
{
	size_t at = names, data, n, length, markers, text = 0;

	for (uint32_t i = 0; i < count; i++) {
		if (!*budget || !next_name(t, &at, t->token_table, &data, &n))
			return false;
		*budget -= *budget < n ? *budget : n;
		length = expanded_length(t, data, n);
		if (!length)
			return false;
		text += length; /* less the type, plus a NUL */
	}
	markers = align(t, at);
	if (!has(t, markers, (((size_t)count + 255) >> 8) * 4) || markers >= t->token_table)
		return false;
	t->names_end = at;
	for (uint32_t i = 0, next = names; i < count; i++) {
		if (!(i & 255) && read32(t, markers + (i >> 8) * 4) != next - names)
			return false;
		at = next;
		if (!next_name(t, &at, t->token_table, &data, &n))
			return false;
		next = at;
	}
	t->count = count;
	t->names = names;
	t->markers = markers;
	t->markers_end = markers + (((size_t)count + 255) >> 8) * 4;
	t->text = text;
	return meets_tokens(t);
}

/* num_syms, with the names behind it, somewhere before the token table; the nearest is it. */
static bool find_names(struct tables *t, uint64_t *budget)
{
	for (size_t at = t->token_table; at >= 8; at -= t->align) {
		uint32_t count = read32(t, at - t->align);

		if (count < MIN_SYMBOLS || count > MAX_SYMBOLS || count > t->token_table - at)
			continue;
		if (!*budget)
			return false;
		if (read_names(t, at, count, budget))
			return true;
	}
	return false;
}

/* --- addresses ------------------------------------------------------------------ */

enum encoding { BASE_PERCPU, BASE_UNSIGNED, OWN_PLACE };

static uint64_t symbol_address(const struct tables *t, const struct kallsyms_area *area,
			       enum encoding how, uint64_t base, uint32_t i)
{
	size_t at = t->offsets + (size_t)i * 4;
	uint32_t raw = read32(t, at);

	switch (how) {
	case BASE_PERCPU:
		return (int32_t)raw >= 0 ? raw : base - 1 - (uint64_t)(int64_t)(int32_t)raw;
	case BASE_UNSIGNED:
		return base + raw;
	case OWN_PLACE:
		break;
	}
	return area->address + at + (uint64_t)(int64_t)(int32_t)raw;
}

/* Addresses grow along the table, and all but absolute ones are those of the image. */
static bool addresses_agree(const struct tables *t, const struct kallsyms_area *area,
			    enum encoding how, uint64_t base)
{
	uint64_t last = 0;
	uint32_t inside = 0;

	for (uint32_t i = 0; i < t->count; i++) {
		uint64_t a = symbol_address(t, area, how, base, i);
		bool absolute = how == BASE_PERCPU && a <= INT32_MAX;

		if (a < last || (!absolute && (a < area->lowest || a > area->highest)))
			return false;
		inside += !absolute;
		last = a;
	}
	return inside > t->count / 2;
}

/* The tables that hold the addresses, wherever this kernel has them. */
static bool find_addresses(struct tables *t, const struct kallsyms_area *area, enum encoding *how,
			   uint64_t *base)
{
	size_t length = align(t, (size_t)t->count * 4), behind = t->token_index + TOKENS * 2;
	size_t num_syms = t->names - t->align;

	/* Before num_syms, with the base in between; or behind the tokens, with the base behind. */
	if (num_syms >= length + 8) {
		t->offsets = num_syms - 8 - length;
		*base = read64(t, num_syms - 8);
		for (*how = BASE_PERCPU; *how <= BASE_UNSIGNED; ++*how)
			if (addresses_agree(t, area, *how, *base))
				return true;
	}
	t->offsets = behind;
	if (has(t, behind, length + 8)) {
		*base = read64(t, behind + length);
		for (*how = BASE_PERCPU; *how <= BASE_UNSIGNED; ++*how)
			if (addresses_agree(t, area, *how, *base))
				return true;
	}
	*how = OWN_PLACE;
	return has(t, behind, length) && addresses_agree(t, area, OWN_PLACE, 0);
}

/* --- all together ------------------------------------------------------------------ */

static struct error *add_symbols(const struct tables *t, const struct kallsyms_area *area,
				 enum encoding how, uint64_t base, struct image *img)
{
	char *text = arena_alloc(&img->arena, t->text);
	size_t at = t->names, data, n;

	if (!text)
		return error_nomem();
	TRY(vec_reserve(&img->symbols, img->symbols.n + t->count));
	for (uint32_t i = 0; i < t->count; i++) {
		struct image_symbol s = {
			.address = symbol_address(t, area, how, base, i),
			.position = i,
		};
		bool first = true;

		if (!next_name(t, &at, t->names_end, &data, &n))
			return error_failed("the symbol names in the image contradict themselves");
		s.name = text;
		for (size_t k = 0; k < n; k++) {
			const char *token = t->token[t->bytes[data + k]];
			size_t length = t->token_length[t->bytes[data + k]];

			if (first && length) {
				s.type = *token++;
				length--;
				first = false;
			}
			memcpy(text, token, length);
			text += length;
		}
		*text++ = '\0';
		img->symbols.v[img->symbols.n++] = s;
	}
	return NULL;
}

static struct error *parse_aligned(const struct kallsyms_area *area, size_t alignment,
				   struct image *img, bool *found)
{
	struct tables t = { .bytes = area->bytes, .size = area->size, .align = alignment };
	uint64_t budget = 16 * (uint64_t)area->size, base = 0;
	enum encoding how = BASE_PERCPU;

	for (size_t at = 0; find_tokens(&t, &at); at += alignment) {
		if (!find_names(&t, &budget))
			continue;
		if (!find_addresses(&t, area, &how, &base))
			return error_refused("the image has a symbol table whose addresses are "
					     "kept in no known way");
		TRY(add_symbols(&t, area, how, base, img));
		*found = true;
		return NULL;
	}
	return NULL;
}

struct error *kallsyms_parse(const struct kallsyms_area *area, struct image *img, bool *found)
{
	*found = false;
	for (size_t alignment = 8; alignment >= 4 && !*found; alignment /= 2)
		TRY(parse_aligned(area, alignment, img, found));
	return NULL;
}

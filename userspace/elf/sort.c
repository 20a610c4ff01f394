// SPDX-License-Identifier: GPL-2.0-or-later
/* Order within a section: symbols by place, relocations by offset. */
#include "elf/private.h"

static int by_value(const void *a, const void *b)
{
	const struct symbol *x = *(struct symbol *const *)a, *y = *(struct symbol *const *)b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

struct error *section_sort_symbols(struct section *s)
{
	uint64_t reach = 0;

	vec_sort(&s->symbols, by_value);
	TRY(vec_reserve(&s->reach, s->symbols.n));
	s->reach.n = s->symbols.n;
	for (size_t i = 0; i < s->symbols.n; i++) {
		uint64_t end = s->symbols.v[i]->value + s->symbols.v[i]->size;

		if (end > reach)
			reach = end;
		s->reach.v[i] = reach;
	}
	return NULL;
}

struct error *relocs_sort(struct reloc *r, size_t n)
{
	struct reloc *from = r, *to, *room __free = NULL;
	size_t i, width;

	for (i = 1; i < n && r[i - 1].offset <= r[i].offset; i++)
		;
	if (i >= n)
		return NULL;
	room = calloc(n, sizeof(*room));
	if (!room)
		return error_nomem();
	to = room;
	for (width = 1; width < n; width *= 2) { /* merge sort: stable */
		for (i = 0; i < n; i += 2 * width) {
			size_t mid = i + width < n ? i + width : n;
			size_t end = mid + width < n ? mid + width : n;
			size_t a = i, b = mid, k = i;

			while (a < mid && b < end)
				to[k++] = from[b].offset < from[a].offset ? from[b++] : from[a++];
			while (a < mid)
				to[k++] = from[a++];
			while (b < end)
				to[k++] = from[b++];
		}
		struct reloc *swap = from;

		from = to;
		to = swap;
	}
	if (from != r)
		memcpy(r, from, n * sizeof(*r));
	return NULL;
}

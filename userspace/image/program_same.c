// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "image/program.h"

/* Where the file's build-id is in what is loaded; NULL: not in this segment. */
static const uint8_t *own_id(const struct program *p, const struct image_segment *s)
{
	return s->bytes && p->build_id_n ? memmem(s->bytes, s->size, p->build_id, p->build_id_n)
					 : NULL;
}

/* The same bytes, but for each one's own build-id at the same place. */
static bool same_segment(const struct program *a, const struct image_segment *x,
			 const struct program *b, const struct image_segment *y)
{
	const uint8_t *id = own_id(a, x), *other = own_id(b, y);
	size_t before, n = a->build_id_n;

	if (!id || !other || id - x->bytes != other - y->bytes || n != b->build_id_n)
		return !memcmp(x->bytes, y->bytes, x->size);
	before = (size_t)(id - x->bytes);
	return !memcmp(x->bytes, y->bytes, before) &&
	       !memcmp(id + n, other + n, x->size - before - n);
}

bool program_same_loaded(const struct program *a, const struct program *b, const char **where)
{
	*where = "sections";
	if (a->image->segments.n != b->image->segments.n)
		return false;
	for (size_t i = 0; i < a->image->segments.n; i++) {
		const struct image_segment *x = &a->image->segments.v[i];
		const struct image_segment *y = &b->image->segments.v[i];

		*where = x->name;
		if (x->address != y->address || x->size != y->size || !x->bytes != !y->bytes ||
		    (x->bytes && !same_segment(a, x, b, y)))
			return false;
	}
	return true;
}

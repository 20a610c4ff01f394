// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The growing part of vec.h: capacity doubles, so pushes are cheap on average. The first room
 * is just what was asked for, or for two: objects have many sections, most with one symbol.
 */
#include "base/vec.h"

#include <stdint.h>

struct error *vec_grow(void **v, size_t *cap, size_t n, size_t size)
{
	size_t want = *cap ? *cap : n > 1 ? n : 2;
	void *p;

	while (want < n) {
		if (want > SIZE_MAX / 2)
			return error_nomem();
		want *= 2;
	}
	if (want > SIZE_MAX / size)
		return error_nomem();
	p = realloc(*v, want * size);
	if (!p)
		return error_nomem();
	*v = p;
	*cap = want;
	return NULL;
}

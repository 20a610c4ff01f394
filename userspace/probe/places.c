// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/places.h"

struct error *places_add(volatile struct places *to, const struct code_place *p, size_t n)
{
	unsigned int at = to->n;

	if (n > PLACES_MOST - at)
		return error_refused("the patch's code lies in more than %d places", PLACES_MOST);
	for (size_t i = 0; i < n; i++) {
		to->v[at + i].start = p[i].start;
		to->v[at + i].end = p[i].end;
	}
	__atomic_store_n(&to->n, at + (unsigned int)n, __ATOMIC_RELEASE);
	return NULL;
}

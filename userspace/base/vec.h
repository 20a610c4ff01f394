/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Growing arrays of any type:
 *
 *	VEC(struct reloc) relocs = {0};
 *	TRY(vec_push(&relocs, r));
 *	vec_for_each(&relocs, it) use(it->offset);
 *	vec_free(&relocs);
 *
 * Elements lie in one block at .v; pointers into it die when it grows.
 */
#ifndef SUTURE_BASE_VEC_H
#define SUTURE_BASE_VEC_H

#include <stddef.h>
#include <stdlib.h>

#include "base/error.h"

#define VEC(type)              \
	struct {               \
		type *v;       \
		size_t n, cap; \
	}

/* Room for at least n elements of the given size. Unchanged on failure. */
struct error *vec_grow(void **v, size_t *cap, size_t n, size_t size) __must_check;

#define vec_reserve(vec, want) \
	((want) <= (vec)->cap  \
		 ? NULL        \
		 : vec_grow((void **)&(vec)->v, &(vec)->cap, (want), sizeof(*(vec)->v)))

#define vec_push(vec, ...)                                            \
	({                                                            \
		struct error *push_ = vec_reserve(vec, (vec)->n + 1); \
		if (!push_)                                           \
			(vec)->v[(vec)->n++] = (__VA_ARGS__);         \
		push_;                                                \
	})

#define vec_for_each(vec, it) \
	for (__typeof__((vec)->v + 0) it = (vec)->v; it && it < (vec)->v + (vec)->n; it++)

#define vec_sort(vec, compare)                                                 \
	do {                                                                   \
		if ((vec)->n > 1)                                              \
			qsort((vec)->v, (vec)->n, sizeof(*(vec)->v), compare); \
	} while (0)

#define vec_free(vec)                      \
	do {                               \
		free((vec)->v);            \
		(vec)->v = NULL;           \
		(vec)->n = (vec)->cap = 0; \
	} while (0)

#endif

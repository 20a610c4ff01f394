/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that lives and dies together. What is allocated from an arena is never
 * freed alone; arena_free() frees all. Every allocation is zeroed and aligned
 * for any type. A NULL return means out of memory.
 */
#ifndef SUTURE_BASE_ARENA_H
#define SUTURE_BASE_ARENA_H

#include <stddef.h>

#include "base/error.h"

struct arena {
	struct arena_block *blocks;
};

void *arena_alloc(struct arena *a, size_t size);
/* NULL also where n * size does not fit. */
void *arena_array(struct arena *a, size_t n, size_t size);
void *arena_dup(struct arena *a, const void *p, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __printf_like(2, 3);
void arena_free(struct arena *a);

#define arena_new(a, type) ((type *)arena_alloc(a, sizeof(type)))

#endif

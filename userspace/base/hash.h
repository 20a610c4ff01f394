/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hash tables from a string, or from a 64-bit number, to a 64-bit value (an
 * index or a pointer). Open addressing, at most half full. Keys that are strings
 * are borrowed: they must outlive the table.
 *
 * hash_bytes() is fast and good enough for tables and for finding candidates;
 * equality is always checked on the bytes. It is not a digest.
 */
#ifndef SUTURE_BASE_HASH_H
#define SUTURE_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

uint64_t hash_bytes(const void *p, size_t n, uint64_t seed);
uint64_t hash_string(const char *s);
uint64_t hash_u64(uint64_t x);

struct hash_slot {
	const char *key; /* NULL in a map from numbers */
	uint64_t number; /* the number, or the string's hash */
	uint64_t value;
	bool used;
};

struct hash_map {
	struct hash_slot *slots;
	size_t n, cap; /* cap: a power of two, or 0 */
};

/* Put, or replace the value of an existing key. */
struct error *hash_put(struct hash_map *m, const char *key, uint64_t value) __must_check;
struct error *hash_put_u64(struct hash_map *m, uint64_t key, uint64_t value) __must_check;

/* The value's place, or NULL; it moves when something new is put. */
uint64_t *hash_get(const struct hash_map *m, const char *key);
uint64_t *hash_get_u64(const struct hash_map *m, uint64_t key);

void hash_free(struct hash_map *m);

#endif

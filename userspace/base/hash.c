// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The mixing step is the 64-bit finaliser of MurmurHash3 (Appleby, public
 * domain description); strings and bytes are folded eight at a time.
 */
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

uint64_t hash_u64(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	x ^= x >> 33;
	return x;
}

uint64_t hash_bytes(const void *p, size_t n, uint64_t seed)
{
	const unsigned char *b = p;
	uint64_t h = seed ^ hash_u64(n + 0x9e3779b97f4a7c15ULL), w;

	for (; n >= 8; b += 8, n -= 8) {
		memcpy(&w, b, 8);
		h = hash_u64(h ^ w) + 0x9e3779b97f4a7c15ULL;
	}
	if (n) {
		w = 0;
		memcpy(&w, b, n);
		h = hash_u64(h ^ w);
	}
	return h;
}

uint64_t hash_string(const char *s)
{
	return hash_bytes(s, strlen(s), 0);
}

static struct hash_slot *find(const struct hash_map *m, const char *key, uint64_t number)
{
	uint64_t h = key ? number : hash_u64(number);
	size_t i;

	for (i = h & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		struct hash_slot *s = &m->slots[i];

		if (!s->used)
			return s;
		if (s->number == number && (!key || !strcmp(s->key, key)))
			return s;
	}
}

static struct error *grow(struct hash_map *m)
{
	struct hash_map bigger = { .cap = m->cap ? m->cap * 2 : 16 };
	size_t i;

	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return error_nomem();
	for (i = 0; i < m->cap; i++)
		if (m->slots[i].used)
			*find(&bigger, m->slots[i].key, m->slots[i].number) = m->slots[i];
	bigger.n = m->n;
	free(m->slots);
	*m = bigger;
	return NULL;
}

static struct error *put(struct hash_map *m, const char *key, uint64_t number, uint64_t value)
{
	struct hash_slot *s;

	if (m->n * 2 >= m->cap)
		TRY(grow(m));
	s = find(m, key, number);
	if (!s->used) {
		s->used = true;
		s->key = key;
		s->number = number;
		m->n++;
	}
	s->value = value;
	return NULL;
}

static uint64_t *get(const struct hash_map *m, const char *key, uint64_t number)
{
	struct hash_slot *s;

	if (!m->cap)
		return NULL;
	s = find(m, key, number);
	return s->used ? &s->value : NULL;
}

struct error *hash_put(struct hash_map *m, const char *key, uint64_t value)
{
	return put(m, key, hash_string(key), value);
}

struct error *hash_put_u64(struct hash_map *m, uint64_t key, uint64_t value)
{
	return put(m, NULL, key, value);
}

uint64_t *hash_get(const struct hash_map *m, const char *key)
{
	return get(m, key, hash_string(key));
}

uint64_t *hash_get_u64(const struct hash_map *m, uint64_t key)
{
	return get(m, NULL, key);
}

void hash_free(struct hash_map *m)
{
	free(m->slots);
	*m = (struct hash_map){ 0 };
}

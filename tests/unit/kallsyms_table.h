/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A kernel's symbol table made by hand, in each of the forms that kernels have had. */
#ifndef SUTURE_TESTS_KALLSYMS_TABLE_H
#define SUTURE_TESTS_KALLSYMS_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_BASE 0xffffffff81000000ULL
#define TABLE_ADDRESS 0xffffffff82000000ULL
#define TABLE_TOKENS 256

enum table_form {
	TABLE_6_1,  /* offsets first, percpu absolute */
	TABLE_6_12, /* offsets behind the tokens, percpu absolute */
	TABLE_6_15, /* the same, all offsets unsigned */
	TABLE_7,    /* offsets from their own place */
	TABLE_7_2,  /* the same, aligned to 4 only */
};

struct table_entry {
	uint64_t address;
	const char *name; /* with the type in front */
};

struct table {
	uint8_t bytes[1 << 16];
	size_t n, align;
	size_t names, markers, token_table, token_index, offsets;
};

static void table_put(struct table *t, const void *p, size_t n)
{
	if (t->n + n > sizeof(t->bytes))
		abort();
	memcpy(t->bytes + t->n, p, n);
	t->n += n;
}

static void table_align(struct table *t)
{
	while (t->n % t->align)
		t->bytes[t->n++] = 0;
}

/* Tokens: each printable character is itself; 1 stands for "long_", 2 for "tab". */
static const char *table_token(unsigned int i, char room[2])
{
	if (i == 1)
		return "long_";
	if (i == 2)
		return "tab";
	room[0] = i > ' ' && i < 127 ? (char)i : '\0';
	room[1] = '\0';
	return room;
}

static void table_put_tokens(struct table *t)
{
	uint16_t index[TABLE_TOKENS];
	char room[2];

	table_align(t);
	t->token_table = t->n;
	for (unsigned int i = 0; i < TABLE_TOKENS; i++) {
		const char *token = table_token(i, room);

		index[i] = (uint16_t)(t->n - t->token_table);
		table_put(t, token, strlen(token) + 1);
	}
	table_align(t);
	t->token_index = t->n;
	table_put(t, index, sizeof(index));
}

static size_t table_pack(const char *name, uint8_t *out)
{
	size_t n = 0;

	while (*name) {
		if (!strncmp(name, "long_", 5)) {
			out[n++] = 1;
			name += 5;
		} else if (!strncmp(name, "tab", 3)) {
			out[n++] = 2;
			name += 3;
		} else {
			out[n++] = (uint8_t)*name++;
		}
	}
	return n;
}

static void table_put_names(struct table *t, const struct table_entry *e, uint32_t n)
{
	uint32_t markers[64], at;
	uint8_t packed[1024];

	table_align(t);
	table_put(t, &n, sizeof(n));
	table_align(t);
	t->names = t->n;
	for (uint32_t i = 0; i < n; i++) {
		size_t length = table_pack(e[i].name, packed);
		uint8_t head[2] = { length & 0x7f, (uint8_t)(length >> 7) };

		at = (uint32_t)(t->n - t->names);
		if (!(i & 255))
			markers[i >> 8] = at;
		if (length > 0x7f)
			head[0] |= 0x80;
		table_put(t, head, length > 0x7f ? 2 : 1);
		table_put(t, packed, length);
	}
	table_align(t);
	t->markers = t->n;
	table_put(t, markers, (n + 255) / 256 * 4);
}

static void table_put_offsets(struct table *t, const struct table_entry *e, uint32_t n,
			      enum table_form form)
{
	const uint64_t base = TABLE_BASE;

	table_align(t);
	t->offsets = t->n;
	for (uint32_t i = 0; i < n; i++) {
		uint64_t a = e[i].address;
		uint32_t v;

		if (form >= TABLE_7)
			v = (uint32_t)(a - (TABLE_ADDRESS + t->n));
		else if (form == TABLE_6_15)
			v = (uint32_t)(a - base);
		else
			v = (uint32_t)(a < base ? a : base - 1 - a);
		table_put(t, &v, sizeof(v));
	}
	table_align(t);
	if (form < TABLE_7)
		table_put(t, &base, sizeof(base));
}

static struct table *table_make(const struct table_entry *e, uint32_t n, enum table_form form)
{
	static const uint8_t noise[64] = { 7, 0, 0, 0, 1, 2, 3, 4, 0, 9, 0xff, 0xff, 0xff, 0xff };
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	t->align = form == TABLE_7_2 ? 4 : 8;
	table_put(t, noise, sizeof(noise) - (form == TABLE_7_2 ? 4 : 0));
	if (form == TABLE_6_1)
		table_put_offsets(t, e, n, form);
	table_put_names(t, e, n);
	table_put_tokens(t);
	if (form != TABLE_6_1)
		table_put_offsets(t, e, n, form);
	table_put(t, noise, sizeof(noise));
	return t;
}

#endif

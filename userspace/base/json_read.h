/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading JSON (RFC 8259), strictly, from hands that are not trusted: no comments, no
 * trailing commas, valid UTF-8, no NUL in strings, no member twice, bounded depth. Errors
 * name the line.
 *
 * The json_need_...() functions take a member of an object and say what is wrong with it:
 *
 *	TRY(json_parse(text, n, &arena, &root));
 *	TRY(json_need_string(root, "name", &name));
 *	TRY(json_need_list(root, "items", &items));
 *	for (size_t i = 0; i < items->n; i++)
 *		use(&items->items[i]);
 */
#ifndef SUTURE_BASE_JSON_READ_H
#define SUTURE_BASE_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_LIST, JSON_OBJECT };

struct json_value {
	enum json_type type;
	const char *key; /* of a member of an object */
	bool truth;
	double number;
	bool is_u64; /* a whole number from 0 to 2^64 - 1, then in: */
	uint64_t u64;
	const char *string;	  /* NUL-terminated */
	struct json_value *items; /* of a list or an object, in the order of the text */
	size_t n;
};

/* Everything is allocated from the arena. */
struct error *json_parse(const char *text, size_t n, struct arena *a,
			 const struct json_value **out) __must_check;

/* NULL if there is none, or if o is NULL or no object. */
const struct json_value *json_member(const struct json_value *o, const char *key);

struct error *json_need_string(const struct json_value *o, const char *key,
			       const char **out) __must_check;
/* NULL where the member is null; missing is an error all the same. */
struct error *json_need_string_or_null(const struct json_value *o, const char *key,
				       const char **out) __must_check;
struct error *json_need_u64(const struct json_value *o, const char *key, uint64_t most,
			    uint64_t *out) __must_check;
struct error *json_need_list(const struct json_value *o, const char *key,
			     const struct json_value **out) __must_check;
struct error *json_need_object(const struct json_value *o, const char *key,
			       const struct json_value **out) __must_check;

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* A recursive descent over the text, one function for each kind of value. */
#include "base/json_read.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/str.h"
#include "base/vec.h"

#define DEPTH_MAX 32

struct reader {
	const char *at, *end;
	size_t line;
	unsigned int depth;
	struct arena *arena;
};

static struct error *value(struct reader *r, struct json_value *out);

static struct error *wrong(const struct reader *r, const char *what)
{
	return error_failed("line %zu: %s", r->line, what);
}

static void skip_space(struct reader *r)
{
	for (; r->at < r->end && strchr(" \t\r\n", *r->at) && *r->at; r->at++)
		r->line += *r->at == '\n';
}

static bool take_char(struct reader *r, char c)
{
	skip_space(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

static bool take_word(struct reader *r, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
		return false;
	r->at += n;
	return true;
}

/* --- strings ------------------------------------------------------------------- */

static struct error *hex4(struct reader *r, uint32_t *out)
{
	uint32_t v = 0;

	if (r->end - r->at < 4)
		return wrong(r, "a string is cut off");
	for (int i = 0; i < 4; i++) {
		char c = *r->at++;

		v <<= 4;
		if (c >= '0' && c <= '9')
			v |= (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v |= (uint32_t)(c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			v |= (uint32_t)(c - 'A' + 10);
		else
			return wrong(r, "\\u is not followed by four hexadecimal digits");
	}
	*out = v;
	return NULL;
}

static char *put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	}
	return to;
}

/* Behind "\u"; half a pair of surrogates is no character. */
static struct error *escaped_code(struct reader *r, char **to)
{
	uint32_t c, low;

	TRY(hex4(r, &c));
	if (!c)
		return wrong(r, "a string has a NUL in it");
	if (c >= 0xdc00 && c <= 0xdfff)
		return wrong(r, "half a pair of surrogates");
	if (c >= 0xd800 && c <= 0xdbff) {
		if (!take_word(r, "\\u"))
			return wrong(r, "half a pair of surrogates");
		TRY(hex4(r, &low));
		if (low < 0xdc00 || low > 0xdfff)
			return wrong(r, "half a pair of surrogates");
		c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
	}
	*to = put_utf8(*to, c);
	return NULL;
}

static struct error *escaped(struct reader *r, char **to)
{
	static const char from[] = "\"\\/bfnrt", plain[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (r->at == r->end)
		return wrong(r, "a string is cut off");
	if (*r->at == 'u') {
		r->at++;
		return escaped_code(r, to);
	}
	found = *r->at ? strchr(from, *r->at) : NULL;
	if (!found)
		return wrong(r, "an unknown escape in a string");
	r->at++;
	*(*to)++ = plain[found - from];
	return NULL;
}

/* The length of the UTF-8 sequence at p (Unicode, table 3-7), or 0. */
static size_t utf8_length(const uint8_t *p, size_t left)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t n;

	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		n = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (left < n)
		return 0;
	low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : low;
	high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : high;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return n;
}

static struct error *plain_bytes(struct reader *r, char **to)
{
	size_t n = 1;

	if ((uint8_t)*r->at < 0x20)
		return wrong(r, "a control character in a string");
	if ((uint8_t)*r->at >= 0x80)
		n = utf8_length((const uint8_t *)r->at, (size_t)(r->end - r->at));
	if (!n)
		return wrong(r, "a string is no UTF-8");
	memcpy(*to, r->at, n);
	*to += n;
	r->at += n;
	return NULL;
}

/* The opening quote is taken. What is written is never longer than what was read. */
static struct error *string(struct reader *r, const char **out)
{
	const char *close = r->at;
	char *s, *to;

	while (close < r->end && *close != '"')
		close += *close == '\\' && r->end - close > 1 ? 2 : 1;
	s = to = arena_alloc(r->arena, (size_t)(close - r->at) + 1);
	if (!s)
		return error_nomem();
	for (;;) {
		if (r->at == r->end)
			return wrong(r, "a string is cut off");
		if (*r->at == '"')
			break;
		if (*r->at == '\\') {
			r->at++;
			TRY(escaped(r, &to));
		} else {
			TRY(plain_bytes(r, &to));
		}
	}
	r->at++;
	*out = s;
	return NULL;
}

/* --- numbers ------------------------------------------------------------------- */

static size_t digits(struct reader *r)
{
	const char *from = r->at;

	while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
		r->at++;
	return (size_t)(r->at - from);
}

static struct error *number(struct reader *r, struct json_value *out)
{
	const char *from = r->at;
	bool whole = true, negative = take_word(r, "-");
	char text[64];
	size_t n;

	if (r->at < r->end && *r->at == '0')
		r->at++;
	else if (!digits(r))
		return wrong(r, "no value where one should be");
	if (take_word(r, ".")) {
		whole = false;
		if (!digits(r))
			return wrong(r, "a number ends with its point");
	}
	if (take_word(r, "e") || take_word(r, "E")) {
		whole = false;
		if (!take_word(r, "+"))
			take_word(r, "-");
		if (!digits(r))
			return wrong(r, "a number has no exponent");
	}
	n = (size_t)(r->at - from);
	if (n >= sizeof(text))
		return wrong(r, "a number is too long");
	memcpy(text, from, n);
	text[n] = '\0';
	out->type = JSON_NUMBER;
	out->number = strtod(text, NULL);
	if (!isfinite(out->number))
		return wrong(r, "a number is too large");
	errno = 0;
	if (whole && !negative)
		out->u64 = strtoull(text, NULL, 10);
	out->is_u64 = whole && !negative && !errno;
	return NULL;
}

/* --- lists and objects --------------------------------------------------------- */

struct members {
	VEC(struct json_value) v;
	struct hash_map keys;
};

static void free_members(struct members *m)
{
	vec_free(&m->v);
	hash_free(&m->keys);
}

static struct error *member_key(struct reader *r, struct members *m, const char **out)
{
	if (!take_char(r, '"'))
		return wrong(r, "an object's member has no name");
	TRY(string(r, out));
	if (hash_get(&m->keys, *out))
		return wrong(r, "an object has two members of one name");
	TRY(hash_put(&m->keys, *out, 1));
	if (!take_char(r, ':'))
		return wrong(r, "a ':' is missing");
	return NULL;
}

/* The opening bracket is taken. */
static struct error *items(struct reader *r, bool object, struct json_value *out)
{
	char close = object ? '}' : ']';
	struct members m __cleanup(free_members) = { 0 };

	if (++r->depth > DEPTH_MAX)
		return wrong(r, "it is nested too deeply");
	out->type = object ? JSON_OBJECT : JSON_LIST;
	if (!take_char(r, close)) {
		do {
			struct json_value v = { 0 };

			if (object)
				TRY(member_key(r, &m, &v.key));
			TRY(value(r, &v));
			TRY(vec_push(&m.v, v));
		} while (take_char(r, ','));
		if (!take_char(r, close))
			return wrong(r, object ? "a '}' is missing" : "a ']' is missing");
	}
	r->depth--;
	out->n = m.v.n;
	out->items = arena_array(r->arena, m.v.n, sizeof(*out->items));
	if (!out->items)
		return error_nomem();
	if (m.v.n)
		memcpy(out->items, m.v.v, m.v.n * sizeof(*out->items));
	return NULL;
}

static struct error *value(struct reader *r, struct json_value *out)
{
	if (take_char(r, '{'))
		return items(r, true, out);
	if (take_char(r, '['))
		return items(r, false, out);
	if (take_char(r, '"')) {
		out->type = JSON_STRING;
		return string(r, &out->string);
	}
	out->type = JSON_BOOL;
	out->truth = take_word(r, "true");
	if (out->truth || take_word(r, "false"))
		return NULL;
	out->type = JSON_NULL;
	if (take_word(r, "null"))
		return NULL;
	return number(r, out);
}

struct error *json_parse(const char *text, size_t n, struct arena *a, const struct json_value **out)
{
	struct reader r = { .at = text, .end = text + n, .line = 1, .arena = a };
	struct json_value *root = arena_new(a, struct json_value);

	if (!root)
		return error_nomem();
	TRY(value(&r, root));
	skip_space(&r);
	if (r.at != r.end)
		return wrong(&r, "something follows the end");
	*out = root;
	return NULL;
}

/* --- looking into it ------------------------------------------------------------- */

const struct json_value *json_member(const struct json_value *o, const char *key)
{
	if (!o || o->type != JSON_OBJECT)
		return NULL;
	for (size_t i = 0; i < o->n; i++)
		if (str_equal(o->items[i].key, key))
			return &o->items[i];
	return NULL;
}

static struct error *need(const struct json_value *o, const char *key, enum json_type type,
			  const struct json_value **out)
{
	static const char *const kinds[] = { "null",	 "true or false", "a number",
					     "a string", "a list",	  "an object" };
	const struct json_value *v = json_member(o, key);

	if (!v)
		return error_failed("\"%s\" is missing", key);
	if (v->type != type)
		return error_failed("\"%s\" is not %s", key, kinds[type]);
	*out = v;
	return NULL;
}

struct error *json_need_string(const struct json_value *o, const char *key, const char **out)
{
	const struct json_value *v = NULL;

	TRY(need(o, key, JSON_STRING, &v));
	*out = v->string;
	return NULL;
}

struct error *json_need_string_or_null(const struct json_value *o, const char *key,
				       const char **out)
{
	const struct json_value *v = json_member(o, key);

	if (!v || v->type != JSON_NULL)
		return json_need_string(o, key, out);
	*out = NULL;
	return NULL;
}

struct error *json_need_u64(const struct json_value *o, const char *key, uint64_t most,
			    uint64_t *out)
{
	const struct json_value *v = NULL;

	TRY(need(o, key, JSON_NUMBER, &v));
	if (!v->is_u64 || v->u64 > most)
		return error_failed("\"%s\" is no whole number from 0 to %llu", key,
				    (unsigned long long)most);
	*out = v->u64;
	return NULL;
}

struct error *json_need_list(const struct json_value *o, const char *key,
			     const struct json_value **out)
{
	return need(o, key, JSON_LIST, out);
}

struct error *json_need_object(const struct json_value *o, const char *key,
			       const struct json_value **out)
{
	return need(o, key, JSON_OBJECT, out);
}

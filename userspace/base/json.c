// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

struct json json_begin(struct strbuf *to)
{
	return (struct json){ .to = to };
}

struct json json_begin_compact(struct strbuf *to)
{
	return (struct json){ .to = to, .compact = true };
}

static void put(struct json *j, const char *s, size_t n)
{
	if (!j->error)
		j->error = strbuf_add(j->to, s, n);
}

static void puts_json(struct json *j, const char *s)
{
	put(j, s, strlen(s));
}

static void newline(struct json *j)
{
	unsigned int i;

	if (j->compact)
		return;
	puts_json(j, "\n");
	for (i = 0; i < j->depth; i++)
		puts_json(j, "  ");
}

/* The length of the UTF-8 sequence at s, or 0 if it is not one (RFC 3629). */
static size_t utf8_length(const unsigned char *s)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} form[] = { { 0x80, 0x00, 0 },
		     { 0xe0, 0xc0, 0x80 },
		     { 0xf0, 0xe0, 0x800 },
		     { 0xf8, 0xf0, 0x10000 } };
	size_t k, i;

	for (k = 0; k < 4; k++) {
		uint32_t c = s[0] & (unsigned char)~form[k].mask;

		if ((s[0] & form[k].mask) != form[k].lead)
			continue;
		for (i = 1; i <= k; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (s[i] & 0x3f);
		}
		if (c < form[k].least || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
			return 0;
		return k + 1;
	}
	return 0;
}

static void quote(struct json *j, const char *value)
{
	const unsigned char *s = (const unsigned char *)value;
	char esc[8];
	size_t n;

	puts_json(j, "\"");
	while (*s) {
		n = utf8_length(s);
		if (!n) {
			puts_json(j, "\xef\xbf\xbd");
			s++;
			continue;
		}
		if (*s == '"' || *s == '\\') {
			esc[0] = '\\';
			esc[1] = (char)*s;
			put(j, esc, 2);
		} else if (*s < 0x20 || *s == 0x7f) {
			snprintf(esc, sizeof(esc), "\\u%04x", *s);
			put(j, esc, 6);
		} else {
			put(j, (const char *)s, n);
		}
		s += n;
	}
	puts_json(j, "\"");
}

static void begin_value(struct json *j, const char *key)
{
	if (j->depth) {
		if (j->level[j->depth - 1].used)
			puts_json(j, ",");
		j->level[j->depth - 1].used = true;
		newline(j);
	}
	if (key) {
		quote(j, key);
		puts_json(j, j->compact ? ":" : ": ");
	}
}

static void open_level(struct json *j, const char *key, char open, char close)
{
	if (j->depth == JSON_DEPTH) {
		if (!j->error)
			j->error = error_failed("JSON nested deeper than %d", JSON_DEPTH);
		return;
	}
	begin_value(j, key);
	put(j, &open, 1);
	j->level[j->depth].close = close;
	j->level[j->depth].used = false;
	j->depth++;
}

void json_object(struct json *j, const char *key)
{
	open_level(j, key, '{', '}');
}

void json_array(struct json *j, const char *key)
{
	open_level(j, key, '[', ']');
}

void json_end(struct json *j)
{
	if (!j->depth)
		return;
	j->depth--;
	if (j->level[j->depth].used)
		newline(j);
	put(j, &j->level[j->depth].close, 1);
}

void json_string(struct json *j, const char *key, const char *value)
{
	if (!value) {
		json_null(j, key);
		return;
	}
	begin_value(j, key);
	quote(j, value);
}

void json_stringf(struct json *j, const char *key, const char *fmt, ...)
{
	char *s __free = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&s, fmt, ap) < 0) {
		s = NULL;
		if (!j->error)
			j->error = error_nomem();
	} else {
		json_string(j, key, s);
	}
	va_end(ap);
}

static void number(struct json *j, const char *key, const char *digits)
{
	begin_value(j, key);
	puts_json(j, digits);
}

void json_u64(struct json *j, const char *key, uint64_t value)
{
	char s[24];

	snprintf(s, sizeof(s), "%" PRIu64, value);
	number(j, key, s);
}

void json_i64(struct json *j, const char *key, int64_t value)
{
	char s[24];

	snprintf(s, sizeof(s), "%" PRId64, value);
	number(j, key, s);
}

void json_hex(struct json *j, const char *key, uint64_t value)
{
	json_stringf(j, key, "0x%" PRIx64, value);
}

void json_double(struct json *j, const char *key, double value)
{
	char s[40];

	if (!isfinite(value)) {
		json_null(j, key);
		return;
	}
	snprintf(s, sizeof(s), "%.9g", value);
	number(j, key, s);
}

void json_exact(struct json *j, const char *key, double value)
{
	if (isfinite(value))
		number(j, key, str_exact(value).s);
	else
		json_null(j, key);
}

void json_bool(struct json *j, const char *key, bool value)
{
	number(j, key, value ? "true" : "false");
}

void json_null(struct json *j, const char *key)
{
	number(j, key, "null");
}

struct error *json_finish(struct json *j)
{
	while (j->depth)
		json_end(j);
	puts_json(j, "\n");
	return take(j->error);
}

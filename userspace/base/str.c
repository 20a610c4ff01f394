// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/vec.h"

struct error *strbuf_reserve(struct strbuf *b, size_t n)
{
	char *s;

	if (n >= SIZE_MAX - b->n - 1)
		return error_nomem();
	if (b->n + n + 1 <= b->cap)
		return NULL;
	s = realloc(b->s, b->n + n + 1);
	if (!s)
		return error_nomem();
	b->s = s;
	b->cap = b->n + n + 1;
	return NULL;
}

struct error *strbuf_add(struct strbuf *b, const void *p, size_t n)
{
	if (n >= SIZE_MAX - b->n - 1)
		return error_nomem();
	if (b->n + n + 1 > b->cap)
		TRY(vec_grow((void **)&b->s, &b->cap, b->n + n + 1, 1));
	if (n)
		memcpy(b->s + b->n, p, n);
	b->n += n;
	b->s[b->n] = '\0';
	return NULL;
}

struct error *strbuf_puts(struct strbuf *b, const char *s)
{
	return strbuf_add(b, s, strlen(s));
}

struct error *strbuf_vprintf(struct strbuf *b, const char *fmt, va_list ap)
{
	char *s = NULL;
	struct error *e;
	int n = vasprintf(&s, fmt, ap);

	if (n < 0)
		return error_nomem();
	e = strbuf_add(b, s, (size_t)n);
	free(s);
	return e;
}

struct error *strbuf_printf(struct strbuf *b, const char *fmt, ...)
{
	struct error *e;
	va_list ap;

	va_start(ap, fmt);
	e = strbuf_vprintf(b, fmt, ap);
	va_end(ap);
	return e;
}

const char *strbuf_str(const struct strbuf *b)
{
	return b->s ? b->s : "";
}

void strbuf_free(struct strbuf *b)
{
	free(b->s);
	*b = (struct strbuf){ 0 };
}

char *str_printf(const char *fmt, ...)
{
	va_list ap;
	char *s = NULL;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return n < 0 ? NULL : s;
}

bool str_starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), k = strlen(suffix);

	return n >= k && !memcmp(s + n - k, suffix, k);
}

struct error *str_u64(const char *s, uint64_t *out)
{
	unsigned long long v;
	bool hex = str_starts(s, "0x");
	char *end;

	errno = 0;
	v = strtoull(s, &end, hex ? 16 : 10);
	if (s[0] < '0' || s[0] > '9' || *end || errno)
		return error_failed("'%s' is not a number", s);
	*out = v;
	return NULL;
}

struct text32 str_duration(double seconds)
{
	struct text32 t;
	unsigned long whole;

	if (!(seconds > 0))
		seconds = 0;
	whole = seconds < 1e9 ? (unsigned long)(seconds + 0.5) : 1000000000;
	if (seconds < 0.0009995)
		snprintf(t.s, sizeof(t.s), "%.0f µs", seconds * 1e6);
	else if (seconds < 0.9995)
		snprintf(t.s, sizeof(t.s), "%.*f ms", seconds < 0.01 ? 1 : 0, seconds * 1e3);
	else if (seconds < 59.995)
		snprintf(t.s, sizeof(t.s), "%.*f s", seconds < 9.995 ? 2 : 1, seconds);
	else if (whole < 3600)
		snprintf(t.s, sizeof(t.s), "%lu min %02lu s", whole / 60, whole % 60);
	else
		snprintf(t.s, sizeof(t.s), "%lu h %02lu min", whole / 3600, whole / 60 % 60);
	return t;
}

struct text32 str_size(uint64_t bytes)
{
	static const char *const unit[] = { "B", "kB", "MB", "GB", "TB" };
	double v = (double)bytes;
	struct text32 t;
	size_t u = 0;

	while (v >= 999.5 && u + 1 < ARRAY_SIZE(unit)) {
		v /= 1000;
		u++;
	}
	snprintf(t.s, sizeof(t.s), "%.*f %s", u && v < 9.95 ? 1 : 0, v, unit[u]);
	return t;
}

struct text32 str_exact(double value)
{
	struct text32 t;
	int digits = 14;

	do
		snprintf(t.s, sizeof(t.s), "%.*g", ++digits, value);
	while (digits < 17 && strtod(t.s, NULL) != value);
	return t;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings: a buffer that grows, and the few tests that string.h lacks. */
#ifndef SUTURE_BASE_STR_H
#define SUTURE_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

/* Always NUL-terminated once something was added; .s is NULL while empty. */
struct strbuf {
	char *s;
	size_t n, cap;
};

/* Room for n bytes more, and no more than that. */
struct error *strbuf_reserve(struct strbuf *b, size_t n) __must_check;
struct error *strbuf_add(struct strbuf *b, const void *p, size_t n) __must_check;
struct error *strbuf_puts(struct strbuf *b, const char *s) __must_check;
struct error *strbuf_printf(struct strbuf *b, const char *fmt, ...)
	__printf_like(2, 3) __must_check;
struct error *strbuf_vprintf(struct strbuf *b, const char *fmt, va_list ap) __must_check;
/* The content, never NULL ("" while empty); valid until the next change. */
const char *strbuf_str(const struct strbuf *b);
void strbuf_free(struct strbuf *b);
#define __cleanup_strbuf __cleanup(strbuf_free)

/* An allocated string, or NULL without memory. Free with free(). */
char *str_printf(const char *fmt, ...) __printf_like(1, 2);

bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
static inline bool str_equal(const char *a, const char *b)
{
	return !strcmp(a, b);
}

/* A whole non-negative number in base 10 or, after "0x", 16; nothing may follow. */
struct error *str_u64(const char *s, uint64_t *out) __must_check;

/* "1.24 s", "380 ms", "2 min 05 s"; "1.2 MB" (powers of 1000). Static size, copied out. */
struct text32 {
	char s[32];
};
struct text32 str_duration(double seconds);
struct text32 str_size(uint64_t bytes);
/* So that it reads the same again, as short as that can be. */
struct text32 str_exact(double value);

#endif

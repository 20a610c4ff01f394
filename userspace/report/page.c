// SPDX-License-Identifier: GPL-2.0-or-later
/* A text that grows, and how its figures and foreign words are written. */
#include <math.h>
#include <stdio.h>

#include "report/page.h"

void page_printf(struct page *p, const char *fmt, ...)
{
	va_list ap;

	if (p->error)
		return;
	va_start(ap, fmt);
	p->error = strbuf_vprintf(p->to, fmt, ap);
	va_end(ap);
}

void page_puts(struct page *p, const char *s)
{
	if (!p->error)
		p->error = strbuf_puts(p->to, s);
}

static void put_byte(struct page *p, char c)
{
	if (!p->error)
		p->error = strbuf_add(p->to, &c, 1);
}

void page_html(struct page *p, const char *s)
{
	static const char *const names[128] = {
		['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"
	};

	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 128 && names[c])
			page_puts(p, names[c]);
		else
			put_byte(p, c < 0x20 && c != '\n' && c != '\t' ? '?' : (char)c);
	}
}

/* C0, DEL, and C1 as UTF-8 has it (the reader lets no other bytes through). */
static bool controls(const char *s, size_t *n)
{
	unsigned char c = (unsigned char)s[0];

	*n = c == 0xc2 && (unsigned char)s[1] < 0xa0 ? 2 : 1;
	return *n == 2 || c < 0x20 || c == 0x7f;
}

void page_safe(struct page *p, const char *s)
{
	size_t n;

	for (; *s; s += n) {
		if (controls(s, &n))
			put_byte(p, '?');
		else
			put_byte(p, *s);
	}
}

static size_t columns(const char *s, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += ((unsigned char)s[i] & 0xc0) != 0x80;
	return sum;
}

void page_wrap(struct page *p, const char *s, size_t column, size_t indent, size_t width)
{
	bool first = true;

	while (*s) {
		size_t n = strcspn(s, " \n\t"), wide = columns(s, n);
		char *word __free = strndup(s, n);

		if (!first && column + 1 + wide > width) {
			page_printf(p, "\n%*s", (int)indent, "");
			column = indent;
			first = true;
		}
		if (word && n) {
			page_puts(p, first ? "" : " ");
			page_safe(p, word);
			column += wide + !first;
			first = false;
		}
		s += n + (s[n] != 0);
	}
	page_puts(p, "\n");
}

struct error *page_finish(struct page *p)
{
	return take(p->error);
}

static struct text32 scaled(double value, double base, const char *const *units, size_t n)
{
	struct text32 t;
	size_t i = 0;

	while (i + 1 < n && fabs(value) >= base * 0.99995)
		value /= base, i++;
	snprintf(t.s, sizeof(t.s), "%.*f%s",
		 fabs(value) >= 100  ? 0
		 : fabs(value) >= 10 ? 1
				     : 2,
		 value, units[i]);
	return t;
}

struct text32 page_nanoseconds(double ns)
{
	static const char *const units[] = { " ns", " us", " ms", " s" };

	if (ns < 1000 && ns == floor(ns)) {
		struct text32 t;

		snprintf(t.s, sizeof(t.s), "%.0f ns", ns);
		return t;
	}
	return scaled(ns, 1000, units, ARRAY_SIZE(units));
}

struct text32 page_number(double value)
{
	static const char *const units[] = { "", "k", "M", "G", "T" };
	struct text32 t;

	if (fabs(value) < 10000 && value == floor(value)) {
		snprintf(t.s, sizeof(t.s), "%.0f", value);
		return t;
	}
	return scaled(value, 1000, units, ARRAY_SIZE(units));
}

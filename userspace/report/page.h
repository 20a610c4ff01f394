/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing a text piece by piece. The first error is kept, as the JSON writer does, and
 * returned by page_finish(); what is written after it is nothing.
 */
#ifndef SUTURE_REPORT_PAGE_H
#define SUTURE_REPORT_PAGE_H

#include "base/str.h"

struct page {
	struct strbuf *to;
	struct error *error;
	bool colour; /* for a terminal's text */
};

void page_printf(struct page *p, const char *fmt, ...) __printf_like(2, 3);
void page_puts(struct page *p, const char *s);
/* As HTML's text or a quoted attribute. */
void page_html(struct page *p, const char *s);
/* For a terminal: control characters become '?'. */
void page_safe(struct page *p, const char *s);
/* The same in lines of `width` columns; those after the first begin with `indent` spaces. */
void page_wrap(struct page *p, const char *s, size_t column, size_t indent, size_t width);

/* Takes the error that was kept. */
struct error *page_finish(struct page *p) __must_check;

/* "840 ns", "1.18 us", "4 ms", "2.5 s" */
struct text32 page_nanoseconds(double ns);
/* Four digits that matter, thousands as k, M, G. */
struct text32 page_number(double value);

#endif

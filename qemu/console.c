// SPDX-License-Identifier: GPL-2.0-or-later
#include "qemu/console.h"

#include <ctype.h>

#define PANIC "Kernel panic - not syncing"

/* Does "Kernel panic" begin the line, but for "[   1.234567] " and "[  T12]"? A program may
 * print these words, too. */
static const char *panic_in(const char *line)
{
	while (*line == ' ')
		line++;
	while (*line == '[') {
		line += strspn(line, "[ 0123456789.TC");
		if (*line != ']')
			return NULL;
		line++;
	}
	while (*line == ' ')
		line++;
	return str_starts(line, PANIC) ? line : NULL;
}

bool console_panicked(const char *text, struct strbuf *line)
{
	while (*text) {
		const char *at = panic_in(text), *end = strchrnul(text, '\n');

		if (at) {
			struct error *e __cleanup_error = NULL;
			size_t n = strcspn(at, "\r\n");

			if (line)
				e = strbuf_add(line, at, n);
			return true;
		}
		text = *end ? end + 1 : end;
	}
	return false;
}

static bool is_empty(const char *line, const char *end)
{
	while (line < end && isspace((unsigned char)*line))
		line++;
	return line == end;
}

/* Without escape sequences (CSI: ESC [ ... letter) and control characters. */
static struct error *add_plain(struct strbuf *out, const char *p, const char *end)
{
	while (p < end) {
		if (p[0] == '\033' && p + 1 < end && p[1] == '[') {
			p += 2;
			while (p < end && !isalpha((unsigned char)*p))
				p++;
			p += p < end;
			continue;
		}
		if ((unsigned char)*p >= ' ' || *p == '\t')
			TRY(strbuf_add(out, p, 1));
		p++;
	}
	return NULL;
}

struct error *console_tail(const char *text, unsigned int lines, struct strbuf *out)
{
	const char *at = text + strlen(text);
	unsigned int found = 0;

	while (at > text) {
		const char *end = at, *start;

		start = memrchr(text, '\n', (size_t)(end - text));
		start = start ? start + 1 : text;
		found += !is_empty(start, end);
		at = start;
		if (found == lines || start == text)
			break;
		at--;
	}
	while (*at) {
		const char *end = strchrnul(at, '\n');

		if (!is_empty(at, end)) {
			TRY(strbuf_puts(out, "\n    "));
			TRY(add_plain(out, at, end));
		}
		at = *end ? end + 1 : end;
	}
	return NULL;
}

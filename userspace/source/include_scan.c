// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Forms known from Linux 6.1 to 7.2: "include", "include_next", "__has_include" and ".include";
 * names in macros, as GENL_MAGIC_INCLUDE_FILE; and include/trace/define_trace.h, which includes
 * what TRACE_INCLUDE_FILE, else TRACE_SYSTEM, is defined to, with ".h" behind it.
 */
#include "source/include_scan.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

struct span {
	const char *at, *end;
};

struct scan {
	include_sink *sink;
	void *arg;
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at;
}

static struct span word_at(const char *at, const char *end)
{
	struct span w = { at, at };

	while (w.end < end && is_word(*w.end))
		w.end++;
	return w;
}

static bool span_is(struct span w, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(w.end - w.at) == n && !memcmp(w.at, text, n);
}

/* "name" or <name>, on one line; false if there is none. */
static bool quoted_name(const char *at, const char *end, struct span *name, bool *angled)
{
	const char *stop;

	if (at >= end || (*at != '"' && *at != '<'))
		return false;
	*angled = *at == '<';
	stop = memchr(at + 1, *angled ? '>' : '"', (size_t)(end - at - 1));
	if (!stop || stop == at + 1 || memchr(at, '\n', (size_t)(stop - at)))
		return false;
	*name = (struct span){ at + 1, stop };
	return true;
}

static struct error *put(const struct scan *s, enum include_kind kind, struct span w)
{
	return s->sink(s->arg, kind, w.at, (size_t)(w.end - w.at));
}

/* 'at' is behind the word "include". 'hash': a '#' is before it. */
static struct error *take_include(const struct scan *s, const char *at, const char *end, bool hash)
{
	bool next = end - at > 5 && !memcmp(at, "_next", 5), angled;
	struct span name;

	at = skip_blanks(at + (next ? 5 : 0), end);
	if (!hash && at < end && *at == '(') /* __has_include(<x.h>) */
		at = skip_blanks(at + 1, end);
	if (quoted_name(at, end, &name, &angled))
		return put(s, next ? INCLUDE_NEXT : angled ? INCLUDE_ANGLED : INCLUDE_QUOTED, name);
	name = word_at(at, end);
	if (!hash || name.at == name.end || span_is(name, "TRACE_INCLUDE"))
		return NULL;
	return put(s, INCLUDE_COMPUTED, name);
}

/* 'at' is behind "#define". */
static struct error *take_define(const struct scan *s, const char *at, const char *end)
{
	struct span name = word_at(skip_blanks(at, end), end), value;
	char file[256];
	bool angled;
	int n;

	at = skip_blanks(name.end, end);
	if (quoted_name(at, end, &value, &angled)) {
		if (!memchr(value.at, '.', (size_t)(value.end - value.at)) ||
		    memchr(value.at, ' ', (size_t)(value.end - value.at)))
			return NULL;
		TRY(put(s, INCLUDE_DEFINED, name));
		return put(s, INCLUDE_NEXT, value);
	}
	if (!span_is(name, "TRACE_INCLUDE_FILE") && !span_is(name, "TRACE_SYSTEM"))
		return NULL;
	value = word_at(at, end);
	n = snprintf(file, sizeof(file), "%.*s.h", (int)(value.end - value.at), value.at);
	if (n < 0 || (size_t)n >= sizeof(file))
		return error_failed("a name of %td characters in an #include",
				    value.end - value.at);
	return s->sink(s->arg, INCLUDE_NEXT, file, (size_t)n);
}

static const char *back_over_blanks(const char *text, const char *at)
{
	while (at > text && (at[-1] == ' ' || at[-1] == '\t'))
		at--;
	return at;
}

/* Is there a '#' before 'at' that begins a directive: first in its line, or behind a comment? */
static bool behind_hash(const char *text, const char *at)
{
	at = back_over_blanks(text, at);
	if (at == text || at[-1] != '#')
		return false;
	at = back_over_blanks(text, at - 1);
	return at == text || at[-1] == '\n' || (at - text > 1 && at[-1] == '/' && at[-2] == '*');
}

struct error *include_scan(const char *text, size_t n, include_sink *sink, void *arg)
{
	const struct scan s = { sink, arg };
	const char *end = text + n, *at;

	for (at = text; (at = memmem(at, (size_t)(end - at), "include", 7)); at += 7) {
		bool hash = behind_hash(text, at);

		if (hash || (at > text && (at[-1] == '.' || at[-1] == '_')))
			TRY(take_include(&s, at + 7, end, hash));
	}
	for (at = text; (at = memmem(at, (size_t)(end - at), "define", 6)); at += 6)
		if (behind_hash(text, at) && at + 6 < end && (at[6] == ' ' || at[6] == '\t'))
			TRY(take_define(&s, at + 6, end));
	return NULL;
}

static bool is_name(char c)
{
	return is_word(c) || strchr("/.-*,+", c);
}

/* A word ending in ".h", from behind the last ')' on: "$(srctree)/include/a.h" is include/a.h. */
static struct error *take_header(const struct scan *s, const char *line, const char *dot,
				 const char *end)
{
	const char *at = dot, *before, *stop = dot + 2;
	bool folder, behind_variable, pre;

	while (at > line && is_name(at[-1]))
		at--;
	before = at;
	behind_variable = before > line && before[-1] == ')' && *at == '/';
	folder = memchr(at + (*at == '/'), '/', (size_t)(dot - at));
	at += *at == '/';
	/* Over the variable, to what is before it. */
	while (before > line && !strchr(" \t", before[-1]))
		before--;
	while (before > line && strchr(" \t", before[-1]))
		before--;
	pre = before - line >= 8 && !memcmp(before - 8, "-include", 8);
	if (pre)
		return put(s, INCLUDE_PRE, (struct span){ at, stop });
	/* "x.h:" is made by the makefile; "linux/x.h" alone is an item of a list. */
	if (stop < end && *stop == ':')
		return NULL;
	return behind_variable && folder ? put(s, INCLUDE_INPUT, (struct span){ at, stop }) : NULL;
}

struct error *include_scan_makefile(const char *text, size_t n, include_sink *sink, void *arg)
{
	const struct scan s = { sink, arg };
	const char *end = text + n, *line = text, *at;

	for (at = text; (at = memmem(at, (size_t)(end - at), ".h", 2)); at += 2) {
		const char *newline = memrchr(line, '\n', (size_t)(at - line));

		if (newline)
			line = newline + 1;
		if (*skip_blanks(line, end) == '#' || (at + 2 < end && is_name(at[2])))
			continue;
		TRY(take_header(&s, line, at, end));
	}
	return NULL;
}

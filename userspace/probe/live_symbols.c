// SPDX-License-Identifier: GPL-2.0-or-later
#include "probe/live_symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/str.h"

bool live_symbol_parse(const char *line, size_t length, struct live_symbol_line *out)
{
	const char *end = line + length, *at, *tab;
	char *after;

	*out = (struct live_symbol_line){ .address = strtoull(line, &after, 16) };
	if (after == line || end - after < 4 || after[0] != ' ' || after[2] != ' ')
		return false;
	out->type = after[1];
	at = after + 3;
	tab = memchr(at, '\t', (size_t)(end - at));
	out->name = at;
	out->name_length = (size_t)((tab ? tab : end) - at);
	if (!tab)
		return true;
	if (end - tab < 4 || tab[1] != '[' || end[-1] != ']')
		return false;
	out->module = tab + 2;
	out->module_length = (size_t)(end - 1 - out->module);
	return true;
}

static bool is(const char *s, size_t n, const char *want)
{
	return strlen(want) == n && !memcmp(s, want, n);
}

static bool is_of(const struct live_symbol_line *l, const struct live_symbol *q)
{
	return l->module ? is(l->module, l->module_length, q->object)
			 : str_equal(q->object, "vmlinux");
}

void live_symbols_answer(const char *text, struct live_symbol *q, size_t n)
{
	for (size_t i = 0; i < n; i++)
		q[i].address = q[i].found = q[i].all = 0;
	while (*text) {
		const char *end = strchrnul(text, '\n');
		struct live_symbol_line l;

		if (live_symbol_parse(text, (size_t)(end - text), &l))
			for (size_t i = 0; i < n; i++) {
				if (!is(l.name, l.name_length, q[i].name))
					continue;
				q[i].all++;
				if (!is_of(&l, &q[i]))
					continue;
				if (++q[i].found == (q[i].sympos ? q[i].sympos : 1))
					q[i].address = l.address;
			}
		text = *end ? end + 1 : end;
	}
	for (size_t i = 0; i < n; i++)
		if (!q[i].sympos && q[i].found > 1)
			q[i].address = 0;
}

static struct error *read_all(struct strbuf *out)
{
	/* Room for all of it at once: it is some 10 MB, and comes a page at a time. */
	return error_context(file_read("/proc/kallsyms", out), "reading the kernel's symbols");
}

struct error *live_symbols_find(struct live_symbol *q, size_t n)
{
	struct strbuf text __cleanup_strbuf = { 0 };

	TRY(read_all(&text));
	live_symbols_answer(strbuf_str(&text), q, n);
	for (size_t i = 0; i < n; i++)
		if (q[i].found && !q[i].address && (q[i].sympos || q[i].found == 1) &&
		    q[i].found >= q[i].sympos)
			return error_advise(
				error_failed("the kernel hides the addresses of its symbols"),
				"run this as root, with kernel.kptr_restrict below 2");
	return NULL;
}

struct error *live_symbol_missing(const struct live_symbol *q)
{
	if (!q->found)
		return error_failed("%s has no symbol %s", q->object, q->name);
	if (!q->sympos)
		return error_advise(error_refused("%u symbols of %s are named %s", q->found,
						  q->object, q->name),
				    "say which: %s,1 is the first", q->name);
	return error_failed("%s has %u symbols %s, not %u", q->object, q->found, q->name,
			    q->sympos);
}

struct error *live_symbol_name(uint64_t address, char *out, size_t room)
{
	struct strbuf text __cleanup_strbuf = { 0 };
	struct live_symbol_line best = { 0 }, l;
	const char *at;

	TRY(read_all(&text));
	for (at = strbuf_str(&text); *at;) {
		const char *end = strchrnul(at, '\n');

		if (live_symbol_parse(at, (size_t)(end - at), &l) && l.address <= address &&
		    l.address >= best.address && strchr("tTwW", l.type))
			best = l;
		at = *end ? end + 1 : end;
	}
	out[0] = '\0';
	if (best.address)
		snprintf(out, room, "%.*s+0x%llx%s%.*s%s", (int)best.name_length, best.name,
			 (unsigned long long)(address - best.address), best.module ? " [" : "",
			 (int)best.module_length, best.module ? best.module : "",
			 best.module ? "]" : "");
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/completion.h"

#include <string.h>

#include "base/cleanup.h"

#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* What the values in a help text stand for. One with a dot (FIX.patch) is such a file. */
static const struct {
	const char *value, *kinds;
} values[] = {
	{ "TARGET", "target" },
	{ "KERNEL", "target file" },
	{ "BUNDLE", "*.suture" },
	{ "PATCH", "patch" },
	{ "VERB", "verb" },
	{ "FILE", "file" },
	{ "HOST=GUEST", "file" },
	{ "URI", "file" },
	{ "KEY", "file" },
	{ "SOCKET", "file" },
	{ "MODULE", "file" },
	{ "FOLDER", "folder" },
	{ "FOLDER=GUEST", "folder" },
	{ "DIR", "folder" },
	{ "SCENE", "=life =leak =cycles =replace =hotplug =module" },
	{ "STATE", "=exercised =in-place =not-patched" },
	{ "CODE:WHERE", "none" },
	{ "KEY=VALUE", "none" },
	{ "COMMAND", "none" },
	{ "FUNCTION", "none" },
	{ "GUEST=HOST", "none" },
	{ "ID", "none" },
	{ "M", "none" },
	{ "MIB", "none" },
	{ "N", "none" },
	{ "NAME", "none" },
	{ "PATTERN", "none" },
	{ "PERCENT", "none" },
	{ "PORT|PATH", "file" },
	{ "RELEASE", "none" },
	{ "SECONDS", "none" },
	{ "TEXT", "none" },
	{ "TIME", "none" },
	{ "VERSION", "none" },
	{ "WHEN", "none" },
	{ "WHY", "none" },
	{ "WORDS", "none" },
};

/* A piece of a help text. */
struct piece {
	const char *s;
	size_t n;
};

static struct piece piece_until(const char *s, const char *ends)
{
	return (struct piece){ s, strcspn(s, ends) };
}

static bool piece_is(struct piece p, const char *word)
{
	return strlen(word) == p.n && !memcmp(p.s, word, p.n);
}

static struct error *add(struct strbuf *out, const char *sep, struct piece p)
{
	if (out->n)
		TRY(strbuf_puts(out, sep));
	return strbuf_add(out, p.s, p.n);
}

static struct error *bad(const struct verb *v, const char *what, struct piece p)
{
	return error_failed("the help of 'suture %s' %s: %.*s", v->name, what, (int)p.n, p.s);
}

static const char *known(struct piece p)
{
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		if (piece_is(p, values[i].value))
			return values[i].kinds;
	return NULL;
}

/* One of the values that are parted by '|'. */
static struct error *add_kind(const struct verb *v, struct piece p, struct strbuf *out)
{
	const char *dot = memchr(p.s, '.', p.n);

	if (p.n && !strchr(CAPITALS, *p.s)) {
		TRY(add(out, " ", (struct piece){ "=", 1 }));
		return strbuf_add(out, p.s, p.n);
	}
	if (dot) {
		TRY(add(out, " ", (struct piece){ "*", 1 }));
		return strbuf_add(out, dot, (size_t)(p.s + p.n - dot));
	}
	if (known(p))
		return add(out, " ", piece_until(known(p), ""));
	return bad(v, "has a value that completion knows no kind of", p);
}

static struct error *add_kinds(const struct verb *v, struct piece p, struct strbuf *out)
{
	const char *end = p.s + p.n;

	if (known(p))
		return add(out, " ", piece_until(known(p), ""));

	while (p.s < end) {
		struct piece one = piece_until(p.s, "|");

		if (one.s + one.n > end)
			one.n = (size_t)(end - one.s);
		p.s += one.n + 1;
		if (one.n > 3 && !memcmp(one.s + one.n - 3, "...", 3))
			one.n -= 3;
		TRY(add_kind(v, one, out));
	}
	return NULL;
}

/* --- options: "  -t, --target TARGET  what it does" and lines that go on ----------------- */

/* A line that begins farther to the right goes on with the text above it. */
#define TEXT_INDENT 7

struct described {
	char letter;	    /* 0: none */
	struct piece name;  /* 0 bytes: only the letter */
	struct piece value; /* 0 bytes: none */
	bool optional;
};

static const struct option *find(const struct verb *v, struct piece name)
{
	for (const struct option *o = v->options; o && o->name; o++)
		if (piece_is(name, o->name))
			return o;
	return NULL;
}

/* The head of the line; *s is moved to what it does. */
static struct error *read_head(const struct verb *v, const char **s, struct described *d)
{
	const char *p = *s;
	const struct option *o;
	int value;

	*d = (struct described){ 0 };
	if (p[1] != '-') {
		d->letter = p[1];
		p += 2;
		value = p[0] == ' ' && strchr(CAPITALS, p[1]) ? required_argument : no_argument;
		if (!strncmp(p, ", --", 4))
			p += 2;
	}
	if (p[0] == '-') {
		d->name = piece_until(p + 2, " =[\n");
		o = find(v, d->name);
		if (!o || (d->letter && o->val != d->letter))
			return bad(v, "names an option that it does not have so", d->name);
		value = o->has_arg;
		p = d->name.s + d->name.n;
	}
	d->optional = value == optional_argument;
	if (value != no_argument) {
		p += d->optional ? 2 : 1;
		d->value = piece_until(p, d->optional ? "]" : " \n");
		p += d->value.n + d->optional;
	}
	*s = p + strspn(p, " ");
	return NULL;
}

/* The text's first clause, lines joined; *s is moved to the line behind the text. */
static struct error *read_text(const char **s, struct strbuf *text)
{
	const char *p = *s;
	char *end;

	do {
		p += strspn(p, " ");
		TRY(add(text, " ", piece_until(p, "\n")));
		p += strcspn(p, "\n");
		p += *p == '\n';
	} while (strspn(p, " ") >= TEXT_INDENT);
	*s = p;
	end = strstr(text->s, "; ");
	if (end)
		*end = '\0';
	end = strstr(text->s, ". ");
	if (end)
		*end = '\0';
	return NULL;
}

static struct error *add_option(const struct verb *v, const struct described *d, const char *text,
				struct strbuf *out)
{
	struct strbuf kinds __cleanup_strbuf = { 0 }, rest __cleanup_strbuf = { 0 };

	TRY(add_kinds(v, d->value, &kinds));
	TRY(strbuf_printf(&rest, "%s%.*s%s\t%s\t%s\n", d->optional ? "[" : "",
			  d->value.n ? (int)d->value.n : 1, d->value.n ? d->value.s : "-",
			  d->optional ? "]" : "", kinds.n ? kinds.s : "none", text));
	if (d->letter)
		TRY(strbuf_printf(out, "%s\t-%c\t%s", v->name, d->letter, rest.s));
	if (d->name.n)
		TRY(strbuf_printf(out, "%s\t--%.*s\t%s", v->name, (int)d->name.n, d->name.s,
				  rest.s));
	return NULL;
}

static struct error *add_options(const struct verb *v, struct strbuf *out)
{
	struct described d;
	uint64_t seen = 0;

	for (const char *s = v->help; *s;) {
		struct strbuf text __cleanup_strbuf = { 0 };
		size_t indent = strspn(s, " ");

		if (indent < 2 || indent >= TEXT_INDENT || s[indent] != '-') {
			s += strcspn(s, "\n");
			s += *s == '\n';
			continue;
		}
		s += indent;
		TRY(read_head(v, &s, &d));
		TRY(read_text(&s, &text));
		TRY(add_option(v, &d, strbuf_str(&text), out));
		if (d.name.n)
			seen |= 1ull << (find(v, d.name) - v->options);
	}
	for (const struct option *o = v->options; o && o->name; o++)
		if (!(seen & 1ull << (o - v->options)))
			return bad(v, "explains no option", piece_until(o->name, ""));
	return strbuf_printf(out, "%s\t--help\t-\tnone\texplain the verb\n", v->name);
}

/* --- words: "suture target add TARGET [--json]" ------------------------------------------- */

#define WORDS 4

struct words {
	struct strbuf kinds[WORDS], value[WORDS];
	bool again[WORDS];
};

static void words_free(struct words *w)
{
	for (int i = 0; i < WORDS; i++) {
		strbuf_free(&w->kinds[i]);
		strbuf_free(&w->value[i]);
	}
}

static bool takes_value(const struct verb *v, struct piece option)
{
	const struct option *o;

	if (option.s[1] != '-')
		return true; /* no synopsis has one that does not */
	o = find(v, (struct piece){ option.s + 2, option.n - 2 });
	return o && o->has_arg == required_argument;
}

/* Once, though it is in several lines. */
static struct error *add_word(const struct verb *v, struct words *w, int at, struct piece p)
{
	struct strbuf kinds __cleanup_strbuf = { 0 }, old __cleanup_strbuf = { 0 };
	struct strbuf new __cleanup_strbuf = { 0 };

	TRY(add_kinds(v, p, &kinds));
	TRY(strbuf_printf(&old, " %s ", strbuf_str(&w->kinds[at])));
	TRY(strbuf_printf(&new, " %s ", strbuf_str(&kinds)));
	if (strstr(old.s, new.s))
		return NULL;
	TRY(add(&w->kinds[at], " ", piece_until(kinds.s, "")));
	return add(&w->value[at], "|", p);
}

static struct error *read_synopsis(const struct verb *v, const char *s, struct words *w)
{
	bool value = false;
	int at = -1; /* of the verb */

	s += strlen("suture ");
	for (; *s != '\n'; s += strspn(s, " ")) {
		struct piece p = piece_until(s, " \n");
		bool again;

		s += p.n;
		while (p.n && *p.s == '[')
			p.s++, p.n--;
		again = memmem(p.s, p.n, "...", 3);
		while (p.n && strchr("].", p.s[p.n - 1]))
			p.n--;
		if (piece_is(p, "--"))
			break;
		if (value || piece_is(p, "OPTION")) {
			value = false;
		} else if (*p.s == '-') {
			value = takes_value(v, p);
		} else if (at >= 0) {
			if (at >= WORDS)
				return bad(v, "has too many words", p);
			w->again[at] |= again;
			TRY(add_word(v, w, at++, p));
		} else {
			at = 0;
		}
	}
	return NULL;
}

static struct error *add_words(const struct verb *v, struct strbuf *out)
{
	struct words w __cleanup(words_free) = { 0 };

	for (const char *s = v->help; str_starts(s, "suture "); s += strcspn(s, "\n") + 1)
		TRY(read_synopsis(v, s, &w));
	for (int i = 0; i < WORDS && w.kinds[i].n; i++)
		TRY(strbuf_printf(out, "%s\t%d%s\t%s\t%s\t-\n", v->name, i + 1,
				  w.again[i] ? "+" : "", strbuf_str(&w.value[i]),
				  strbuf_str(&w.kinds[i])));
	return NULL;
}

struct error *completion_rows(const struct verb *v, struct strbuf *out)
{
	TRY(strbuf_printf(out, "%s\t-\t-\tnone\t%s\n", v->name, v->summary));
	TRY(add_options(v, out));
	return add_words(v, out);
}

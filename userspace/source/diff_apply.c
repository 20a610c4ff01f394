// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Applying hunks in memory. A hunk belongs where its header says, moved by what the hunks
 * before it moved; else at the one other place where all its old lines are found.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "source/diff.h"

struct text_line {
	const char *s;
	size_t n;
	bool no_newline;
};

struct text {
	VEC(struct text_line) lines;
};

static void text_free(struct text *t)
{
	vec_free(&t->lines);
}

static struct error *split(const char *s, size_t n, struct text *out)
{
	const char *end = s + n;

	while (s < end) {
		const char *stop = memchr(s, '\n', (size_t)(end - s));
		struct text_line l = { s, (size_t)((stop ? stop : end) - s), !stop };

		TRY(vec_push(&out->lines, l));
		s += l.n + (stop != NULL);
	}
	return NULL;
}

static bool same(const struct text_line *a, const struct diff_line *b)
{
	return a->n == b->n && a->no_newline == b->no_newline && !memcmp(a->s, b->text, a->n);
}

/* The index in the hunk of the first old line that differs there, or SIZE_MAX if all fit. */
static size_t mismatch(const struct text *t, size_t at, const struct diff_hunk *h)
{
	for (size_t i = 0; i < h->lines.n; i++) {
		if (h->lines.v[i].kind == '+')
			continue;
		if (at >= t->lines.n || !same(&t->lines.v[at], &h->lines.v[i]))
			return i;
		at++;
	}
	return SIZE_MAX;
}

static int shown(size_t n)
{
	return n < 100 ? (int)n : 100;
}

/* Where the hunk should be, what it wants there and what is there. */
static struct error *does_not_fit(const struct diff_file *f, size_t number, const struct text *t,
				  size_t at, const struct diff_hunk *h)
{
	size_t bad = mismatch(t, at, h), line = at;

	for (size_t i = 0; i < bad && i < h->lines.n; i++)
		line += h->lines.v[i].kind != '+';
	if (line >= t->lines.n)
		return error_failed("%s: hunk %zu (line %zu of the diff) does not apply: at line "
				    "%zu it expects '%.*s', but the file has only %zu lines",
				    f->path, number, h->at, line + 1, shown(h->lines.v[bad].n),
				    h->lines.v[bad].text, t->lines.n);
	return error_failed("%s: hunk %zu (line %zu of the diff) does not apply: at line %zu it "
			    "expects '%.*s', but there is '%.*s'",
			    f->path, number, h->at, line + 1, shown(h->lines.v[bad].n),
			    h->lines.v[bad].text, shown(t->lines.v[line].n), t->lines.v[line].s);
}

/* A hunk without old lines can only be where its header says. */
static struct error *place(const struct diff_file *f, size_t number, const struct text *t,
			   size_t from, size_t want, const struct diff_hunk *h, size_t *out)
{
	size_t found = SIZE_MAX;

	if (want >= from && want <= t->lines.n && mismatch(t, want, h) == SIZE_MAX) {
		*out = want;
		return NULL;
	}
	for (size_t at = from; h->old_count && at + h->old_count <= t->lines.n; at++) {
		if (mismatch(t, at, h) != SIZE_MAX)
			continue;
		if (found != SIZE_MAX)
			return error_failed("%s: hunk %zu (line %zu of the diff) fits in several "
					    "places, lines %zu and %zu, but not where it says",
					    f->path, number, h->at, found + 1, at + 1);
		found = at;
	}
	if (found == SIZE_MAX && (want < from || !h->old_count))
		return error_failed("%s: hunk %zu (line %zu of the diff) has no place after the "
				    "one before it",
				    f->path, number, h->at);
	if (found == SIZE_MAX)
		return does_not_fit(f, number, t, want, h);
	*out = found;
	return NULL;
}

/* Only a file's last line may lack its newline. */
static struct error *put(struct strbuf *out, const char *s, size_t n, bool no_newline)
{
	if (out->n && out->s[out->n - 1] != '\n')
		return error_failed("a line without newline would no longer be the last");
	TRY(strbuf_add(out, s, n));
	return no_newline ? NULL : strbuf_add(out, "\n", 1);
}

static struct error *copy_lines(struct strbuf *out, const struct text *t, size_t from, size_t to)
{
	for (; from < to; from++)
		TRY(put(out, t->lines.v[from].s, t->lines.v[from].n, t->lines.v[from].no_newline));
	return NULL;
}

static struct error *copy_hunk(struct strbuf *out, const struct diff_hunk *h)
{
	vec_for_each(&h->lines, l)
		if (l->kind != '-')
			TRY(put(out, l->text, l->n, l->no_newline));
	return NULL;
}

/* The index of the line a hunk begins at, by its header. */
static size_t header_place(const struct diff_hunk *h)
{
	if (!h->old_count)
		return h->old_start; /* the line after which it inserts */
	return h->old_start ? h->old_start - 1 : 0;
}

struct error *diff_apply(const struct diff_file *f, const char *old, size_t n, struct strbuf *out)
{
	struct text t __cleanup(text_free) = { 0 };
	size_t done = 0, number = 0;
	size_t moved = 0; /* modulo 2^64: what the hunks before were off by */

	TRY(split(old, n, &t));
	vec_for_each(&f->hunks, h) {
		size_t at = 0, want = header_place(h);

		TRY(place(f, ++number, &t, done, want + moved, h, &at));
		moved = at - want;
		TRY_CONTEXT(copy_lines(out, &t, done, at), "%s", f->path);
		TRY_CONTEXT(copy_hunk(out, h), "%s: hunk %zu", f->path, number);
		done = at + h->old_count;
	}
	return error_context(copy_lines(out, &t, done, t.lines.n), "%s", f->path);
}

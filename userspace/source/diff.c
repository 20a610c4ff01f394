// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading diffs. The form is GNU diffutils' "Detailed Unified" and git-diff(1)'s extended header.
 */
#include "source/diff.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* A file of a hundred million lines is no source file. */
#define MOST_LINES 100000000u

struct lines {
	const char *s, *end;
	size_t number; /* of the line at s, from 1 */
};

static void diff_file_free(struct diff_file *f)
{
	vec_for_each(&f->hunks, h)
		vec_free(&h->lines);
	vec_free(&f->hunks);
	free(f->path);
	f->path = NULL;
}

void diff_free(struct diff *d)
{
	vec_for_each(&d->files, f)
		diff_file_free(f);
	vec_free(&d->files);
}

static struct error *copy_hunks(const struct diff_file *from, struct diff_file *to)
{
	vec_for_each(&from->hunks, h) {
		struct diff_hunk copy = { .at = h->at,
					  .old_start = h->old_start,
					  .old_count = h->old_count,
					  .new_start = h->new_start,
					  .new_count = h->new_count };

		TRY(vec_push(&to->hunks, copy));
		vec_for_each(&h->lines, line)
			TRY(vec_push(&to->hunks.v[to->hunks.n - 1].lines, *line));
	}
	return NULL;
}

struct error *diff_add_copy(struct diff *d, size_t of, const char *to)
{
	const struct diff_file *from = &d->files.v[of];
	struct diff_file f = { .path = strdup(to),
			       .created = from->created,
			       .deleted = from->deleted };
	struct error *e = f.path ? copy_hunks(from, &f) : error_nomem();

	if (!e)
		e = vec_push(&d->files, f);
	if (e)
		diff_file_free(&f);
	return e;
}

/* The line at the reader's place; false at the end. A carriage return stays in it. */
static bool peek(const struct lines *in, struct diff_line *out)
{
	const char *stop;

	*out = (struct diff_line){ .text = in->end };
	if (in->s >= in->end)
		return false;
	stop = memchr(in->s, '\n', (size_t)(in->end - in->s));
	*out = (struct diff_line){ .text = in->s, .n = (size_t)((stop ? stop : in->end) - in->s) };
	return true;
}

static void advance(struct lines *in, const struct diff_line *l)
{
	in->s = l->text + l->n;
	in->s += in->s < in->end;
	in->number++;
}

static bool line_starts(const struct diff_line *l, const char *prefix)
{
	size_t n = strlen(prefix);

	return l->n >= n && !memcmp(l->text, prefix, n);
}

/* Each component between slashes is a plain name. */
static bool is_safe(const char *path)
{
	if (!*path || strlen(path) >= PATH_MAX)
		return false;
	for (;;) {
		size_t n = strcspn(path, "/");

		if (!n || (n == 1 && *path == '.') || (n == 2 && !strncmp(path, "..", 2)))
			return false;
		for (size_t i = 0; i < n; i++)
			if (!isgraph((unsigned char)path[i]) || path[i] == '\\' || path[i] == '"')
				return false;
		if (!path[n])
			return true;
		path += n + 1;
	}
}

/*
 * The path of a "--- " or "+++ " line: up to a tab (a timestamp follows it), less its first
 * folder. NULL in *out for /dev/null.
 */
static struct error *read_path(const struct diff_line *l, size_t at, char **out)
{
	const char *p = l->text + 4, *end = l->text + l->n;
	const char *tab = memchr(p, '\t', (size_t)(end - p));
	char *whole __free = NULL;
	const char *slash;

	if (tab)
		end = tab;
	while (end > p && (end[-1] == ' ' || end[-1] == '\r'))
		end--;
	whole = strndup(p, (size_t)(end - p));
	if (!whole)
		return error_nomem();
	*out = NULL;
	if (str_equal(whole, "/dev/null"))
		return NULL;
	slash = strchr(whole, '/');
	if (*whole == '/' || !slash || !is_safe(slash + 1) || !is_safe(whole))
		return error_advise(error_refused("line %zu of the diff: '%s' is not a path inside "
						  "a source tree",
						  at, whole),
				    "paths are written with one folder before them, as git diff "
				    "does: a/fs/proc/cmdline.c");
	*out = strdup(slash + 1);
	return *out ? NULL : error_nomem();
}

static bool read_number(const char **p, const char *end, size_t *out)
{
	const char *start = *p;

	for (*out = 0; *p < end && isdigit((unsigned char)**p); ++*p) {
		*out = *out * 10 + (size_t)(**p - '0');
		if (*out > MOST_LINES)
			return false;
	}
	return *p > start;
}

/* "N" or "N,M": a count that is left out is 1. */
static bool read_range(const char **p, const char *end, size_t *start, size_t *count)
{
	*count = 1;
	if (!read_number(p, end, start))
		return false;
	if (*p == end || **p != ',')
		return true;
	++*p;
	return read_number(p, end, count);
}

static bool accept(const char **p, const char *end, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(end - *p) < n || memcmp(*p, word, n) != 0)
		return false;
	*p += n;
	return true;
}

static struct error *read_hunk_header(const struct diff_line *l, struct diff_hunk *h)
{
	const char *p = l->text, *end = l->text + l->n;

	if (accept(&p, end, "@@ -") && read_range(&p, end, &h->old_start, &h->old_count) &&
	    accept(&p, end, " +") && read_range(&p, end, &h->new_start, &h->new_count) &&
	    accept(&p, end, " @@"))
		return NULL;
	return error_failed("line %zu of the diff: '%.*s' is no hunk header", h->at,
			    (int)(l->n < 60 ? l->n : 60), l->text);
}

/* A line of a hunk; an empty one is a blank context line whose blank a mailer has eaten. */
static struct error *read_hunk_line(struct lines *in, struct diff_hunk *h, size_t *old, size_t *new)
{
	struct diff_line l;
	size_t at = in->number;

	if (!peek(in, &l))
		return error_failed("line %zu of the diff: it ends inside a hunk", at);
	advance(in, &l);
	l.kind = l.n ? l.text[0] : ' ';
	if (l.kind != ' ' && l.kind != '-' && l.kind != '+')
		return error_failed("line %zu of the diff: a hunk's line begins with a blank, '-' "
				    "or '+'; this one is '%.*s'",
				    at, (int)(l.n < 60 ? l.n : 60), l.text);
	if (l.n) {
		l.text++;
		l.n--;
	}
	if ((l.kind != '+' && !*old) || (l.kind != '-' && !*new))
		return error_failed("line %zu of the diff: the hunk is longer than its header says",
				    at);
	*old -= l.kind != '+';
	*new -= l.kind != '-';
	return vec_push(&h->lines, l);
}

static void note_missing_newline(struct lines *in, struct diff_hunk *h)
{
	struct diff_line l;

	if (!h->lines.n || !peek(in, &l) || !line_starts(&l, "\\"))
		return;
	h->lines.v[h->lines.n - 1].no_newline = true;
	advance(in, &l);
}

static struct error *read_hunk(struct lines *in, struct diff_file *f)
{
	struct diff_hunk h = { .at = in->number };
	struct diff_line l;
	size_t old, new;
	struct error *e;

	peek(in, &l);
	TRY(read_hunk_header(&l, &h));
	advance(in, &l);
	old = h.old_count;
	new = h.new_count;
	e = NULL;
	while (!e && (old || new)) {
		e = read_hunk_line(in, &h, &old, &new);
		if (!e)
			note_missing_newline(in, &h);
	}
	if (!e)
		e = vec_push(&f->hunks, h);
	if (e)
		vec_free(&h.lines);
	return e;
}

static struct error *read_hunks(struct lines *in, struct diff_file *f)
{
	struct diff_line l;

	while (peek(in, &l) && line_starts(&l, "@@"))
		TRY(read_hunk(in, f));
	if (!f->hunks.n)
		return error_failed("line %zu of the diff: no hunk follows for %s", in->number,
				    f->path);
	return NULL;
}

/* Old and new name: the same, unless the file is created or deleted. */
static struct error *settle_path(struct diff_file *f, char **old, char **new, size_t at)
{
	if (!*old && !*new)
		return error_failed("line %zu of the diff: /dev/null on both sides", at);
	if (*old && *new && !str_equal(*old, *new))
		return error_refused("line %zu of the diff: a file that is renamed (%s to %s)", at,
				     *old, *new);
	f->created = !*old;
	f->deleted = !*new;
	f->path = *old ? take(*old) : take(*new);
	return NULL;
}

static struct error *read_file(struct lines *in, struct diff *d)
{
	struct diff_file f __cleanup(diff_file_free) = { 0 };
	char *old __free = NULL, *new __free = NULL;
	struct diff_line l;
	size_t at = in->number;

	peek(in, &l);
	TRY(read_path(&l, at, &old));
	advance(in, &l);
	if (!peek(in, &l) || !line_starts(&l, "+++ "))
		return error_failed("line %zu of the diff: '--- ' without '+++ '", at);
	TRY(read_path(&l, in->number, &new));
	advance(in, &l);
	TRY(settle_path(&f, &old, &new, at));
	vec_for_each(&d->files, other)
		if (str_equal(other->path, f.path))
			return error_refused("line %zu of the diff: %s is changed a second time",
					     at, f.path);
	TRY(read_hunks(in, &f));
	TRY(vec_push(&d->files, f));
	f = (struct diff_file){ 0 };
	return NULL;
}

/* What git says before "---" and what cannot be done. */
static struct error *check_git_header(const struct diff_line *l, size_t at)
{
	static const char *const refused[] = { "rename from ", "copy from ", "GIT binary patch",
					       "Binary files " };

	for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
		if (line_starts(l, refused[i]))
			return error_refused("line %zu of the diff: '%.*s' is not supported", at,
					     (int)(l->n < 80 ? l->n : 80), l->text);
	return NULL;
}

/* "--- " begins a file only if "+++ " follows: it may also be a line of a commit message. */
static bool begins_file(struct lines in)
{
	struct diff_line l;

	if (!peek(&in, &l) || !line_starts(&l, "--- "))
		return false;
	advance(&in, &l);
	return peek(&in, &l) && line_starts(&l, "+++ ");
}

/* Hunks that belong to no file would silently be lost. */
static struct error *check_stray(const struct diff_line *l, size_t at)
{
	if (!line_starts(l, "@@ -"))
		return NULL;
	return error_failed("line %zu of the diff: a hunk without a file", at);
}

struct error *diff_parse(const char *text, size_t n, struct diff *out)
{
	struct diff d __cleanup_diff = { 0 };
	struct lines in = { text, text + n, 1 };
	bool in_git = false;
	struct diff_line l;

	while (peek(&in, &l)) {
		if (begins_file(in)) {
			TRY(read_file(&in, &d));
			in_git = false;
			continue;
		}
		in_git = in_git || line_starts(&l, "diff ");
		if (in_git)
			TRY(check_git_header(&l, in.number));
		TRY(check_stray(&l, in.number));
		advance(&in, &l);
	}
	if (!d.files.n)
		return error_failed("there is no diff in it");
	*out = d;
	d = (struct diff){ 0 };
	return NULL;
}

struct error *diff_move(struct diff *d, const char *folder)
{
	vec_for_each(&d->files, f) {
		char *path = str_printf("%s/%s", folder, f->path);

		if (!path)
			return error_nomem();
		free(f->path);
		f->path = path;
	}
	return NULL;
}

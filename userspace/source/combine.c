// SPDX-License-Identifier: GPL-2.0-or-later
#include "source/combine.h"

#include "base/file.h"

/* A file on its way through the diffs. */
struct passage {
	const char *path;
	struct strbuf old, now;
	bool existed, exists;
	size_t n;		      /* diffs that changed it */
	const struct diff_file *last; /* the last one's part */
	struct strbuf by;	      /* their names */
};

static void passage_free(struct passage *p)
{
	strbuf_free(&p->old);
	strbuf_free(&p->now);
	strbuf_free(&p->by);
}

static struct error *begin(const struct target *t, const char *path, struct passage *p)
{
	char *at __free = str_printf("%s/%s", t->tree, path);

	if (!at)
		return error_nomem();
	p->path = path;
	p->existed = p->exists = file_exists(at);
	if (!p->existed)
		return NULL;
	TRY(file_read(at, &p->old));
	return strbuf_add(&p->now, strbuf_str(&p->old), p->old.n);
}

static const struct diff_file *part_of(const struct diff *d, const char *path)
{
	vec_for_each(&d->files, f)
		if (str_equal(f->path, path))
			return f;
	return NULL;
}

static struct error *apply(const struct diff_file *f, struct passage *p)
{
	struct strbuf next __cleanup_strbuf = { 0 };

	if (f->created && p->exists)
		return error_failed("%s: the diff creates it, and it is there", p->path);
	if (!f->created && !p->exists)
		return error_failed("%s: the diff changes it, and it is not there", p->path);
	TRY(diff_apply(f, strbuf_str(&p->now), p->now.n, &next));
	strbuf_free(&p->now);
	p->now = next;
	next = (struct strbuf){ 0 };
	p->exists = !f->deleted;
	return NULL;
}

static struct error *pass(const struct combine_input *in, struct passage *p)
{
	const struct diff_file *f = part_of(in->diff, p->path);
	struct error *e;

	if (!f)
		return NULL;
	e = error_context(apply(f, p), "%s", in->name);
	if (e && p->n)
		return error_advise(e,
				    "%s changed %s before: make the later diff on top of the "
				    "earlier one, or leave one out",
				    strbuf_str(&p->by), p->path);
	if (e)
		return error_advise(
			e, "is the diff for another kernel version, or made in another folder?");
	p->last = f;
	p->n++;
	return strbuf_printf(&p->by, "%s%s", p->by.n ? ", " : "", in->name);
}

/* --- as a diff again ---------------------------------------------------------- */

static struct error *head(const struct passage *p, struct strbuf *out)
{
	return strbuf_printf(out, "--- %s%s\n+++ %s%s\n", p->existed ? "a/" : "/dev/",
			     p->existed ? p->path : "null", p->exists ? "b/" : "/dev/",
			     p->exists ? p->path : "null");
}

static struct error *put_line(struct strbuf *out, char kind, const char *s, size_t n, bool whole)
{
	TRY(strbuf_printf(out, "%c", kind));
	TRY(strbuf_add(out, s, n));
	return strbuf_puts(out, whole ? "\n" : "\n\\ No newline at end of file\n");
}

static struct error *put_hunks(const struct diff_file *f, struct strbuf *out)
{
	vec_for_each(&f->hunks, h) {
		TRY(strbuf_printf(out, "@@ -%zu,%zu +%zu,%zu @@\n", h->old_start, h->old_count,
				  h->new_start, h->new_count));
		vec_for_each(&h->lines, l)
			TRY(put_line(out, l->kind, l->text, l->n, !l->no_newline));
	}
	return NULL;
}

static size_t count_lines(const struct strbuf *text)
{
	size_t n = 0;

	for (size_t i = 0; i < text->n; i++)
		n += text->s[i] == '\n';
	return n + (text->n && text->s[text->n - 1] != '\n');
}

static struct error *put_text(const struct strbuf *text, char kind, struct strbuf *out)
{
	for (size_t at = 0; at < text->n;) {
		const char *end = memchr(text->s + at, '\n', text->n - at);
		size_t n = end ? (size_t)(end - text->s) - at : text->n - at;

		TRY(put_line(out, kind, text->s + at, n, end));
		at += n + 1;
	}
	return NULL;
}

/* All lines go, all lines come. */
static struct error *put_whole(const struct passage *p, struct strbuf *out)
{
	size_t before = count_lines(&p->old), after = count_lines(&p->now);

	TRY(strbuf_printf(out, "@@ -%d,%zu +%d,%zu @@\n", before ? 1 : 0, before, after ? 1 : 0,
			  after));
	TRY(put_text(&p->old, '-', out));
	return put_text(&p->now, '+', out);
}

static struct error *combine_file(const struct target *t, const struct combine_input *in, size_t n,
				  const char *path, struct strbuf *out)
{
	struct passage p __cleanup(passage_free) = { 0 };

	TRY(begin(t, path, &p));
	for (size_t i = 0; i < n; i++)
		TRY(pass(&in[i], &p));
	if (p.n == 1) {
		TRY(head(&p, out));
		return put_hunks(p.last, out);
	}
	if (p.existed == p.exists && p.old.n == p.now.n &&
	    !memcmp(strbuf_str(&p.old), strbuf_str(&p.now), p.old.n))
		return NULL;
	TRY(head(&p, out));
	return put_whole(&p, out);
}

struct error *combine_diffs(const struct target *t, const struct combine_input *in, size_t n,
			    struct strbuf *out)
{
	for (size_t i = 0; i < n; i++) {
		vec_for_each(&in[i].diff->files, f) {
			bool seen = false;

			for (size_t k = 0; k < i; k++)
				seen = seen || part_of(in[k].diff, f->path);
			if (!seen)
				TRY(combine_file(t, in, n, f->path, out));
		}
	}
	return NULL;
}

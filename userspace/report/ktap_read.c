// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Line by line, with a stack of the runs that are open. A run is known by what its lines begin
 * with ("", "  ", "# "); a line belongs to the innermost run whose beginning it has and that
 * can make something of the rest.
 */
#include "report/ktap_read.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "report/ktap_line.h"

/* More are of no use to a reader; garbage has one in each line. */
#define MAX_PROBLEMS 32

struct open_run {
	struct ktap_level *level;
	const char *prefix;
	size_t prefix_n;
	struct ktap_lines said; /* since the last result */
};

struct reader {
	struct ktap *k;
	struct open_run open[KTAP_DEPTH];
	size_t depth; /* open runs; 0 before the first version line */
	size_t line;
	bool bailed;
};

static struct error *add_line(struct ktap *k, struct ktap_lines *to, const char *text)
{
	struct ktap_line *l = text ? arena_new(&k->arena, struct ktap_line) : NULL;

	if (!l)
		return error_nomem();
	l->text = text;
	if (to->last)
		to->last->next = l;
	else
		to->first = l;
	to->last = l;
	to->n++;
	return NULL;
}

#define PROBLEM(r, ...)                     \
	((r)->k->problems.n >= MAX_PROBLEMS \
		 ? NULL                     \
		 : add_line((r)->k, &(r)->k->problems, arena_printf(&(r)->k->arena, __VA_ARGS__)))

static struct error *open_run(struct reader *r, const char *prefix, size_t n)
{
	struct open_run *o = &r->open[r->depth];

	if (r->depth == KTAP_DEPTH)
		return error_failed("line %zu: tests within tests, more than %d deep", r->line,
				    KTAP_DEPTH);
	*o = (struct open_run){ .prefix_n = n };
	o->level = r->depth ? arena_new(&r->k->arena, struct ktap_level) : &r->k->top;
	o->prefix = arena_dup(&r->k->arena, prefix, n + 1);
	if (!o->level || !o->prefix)
		return error_nomem();
	r->depth++;
	return NULL;
}

/* --- the end of a run ---------------------------------------------------------------- */

static struct error *check_plan(struct reader *r, const struct ktap_level *l)
{
	if (!l->planned)
		return PROBLEM(r, "line %zu: tests without a plan", r->line);
	if (l->n < l->plan)
		return PROBLEM(r, "line %zu: %ju of %ju results are missing", r->line,
			       (uintmax_t)(l->plan - l->n), (uintmax_t)l->plan);
	if (l->n > l->plan)
		return PROBLEM(r, "line %zu: %ju results, but %ju were planned", r->line,
			       (uintmax_t)l->n, (uintmax_t)l->plan);
	return NULL;
}

static bool any_failed(const struct ktap_level *l)
{
	for (const struct ktap_result *t = l->first; t; t = t->next)
		if (t->outcome == KTAP_FAIL)
			return true;
	return false;
}

/* The innermost run ends; 'test' is the one that it lies within, NULL if that has no result. */
static struct error *close_run(struct reader *r, struct ktap_result *test)
{
	struct open_run *o = &r->open[--r->depth];

	o->level->said = o->said;
	TRY(check_plan(r, o->level));
	if (!r->depth)
		return NULL;
	if (!test)
		return PROBLEM(r, "line %zu: tests within a test that has no result", r->line);
	if (test->nested)
		return PROBLEM(r, "line %zu: '%s' has two runs of tests within", r->line,
			       test->name);
	test->nested = o->level;
	if (test->outcome == KTAP_PASS && any_failed(o->level))
		return PROBLEM(r, "line %zu: '%s' has passed, but a test within it failed", r->line,
			       test->name);
	return NULL;
}

/* --- lines --------------------------------------------------------------------------- */

/* Those of kselftest say why in a line of their own. */
static const char *reason_said(const struct ktap_lines *said)
{
	const char *found = NULL;

	for (const struct ktap_line *l = said->first; l; l = l->next)
		if (str_starts(l->text, "SKIP") && l->text[4] && strchr(": ", l->text[4]))
			found = l->text + 5 + strspn(l->text + 5, " ");
		else if (str_starts(l->text, "skip all tests: "))
			found = l->text + strlen("skip all tests: ");
	return found && *found ? found : NULL;
}

static struct error *take_result(struct reader *r, size_t at, const struct ktap_words *w)
{
	struct open_run *o = &r->open[at];
	struct ktap_result *t = arena_new(&r->k->arena, struct ktap_result);

	if (!t)
		return error_nomem();
	t->number = w->numbered ? w->number : o->level->n + 1;
	t->name = arena_strdup(&r->k->arena, w->name);
	t->outcome = w->outcome;
	t->said = o->said;
	t->reason = *w->reason ? arena_strdup(&r->k->arena, w->reason) : NULL;
	if (!t->name || (*w->reason && !t->reason))
		return error_nomem();
	if (t->outcome == KTAP_SKIP && !t->reason)
		t->reason = reason_said(&t->said);
	o->said = (struct ktap_lines){ 0 };
	while (r->depth > at + 1) {
		/* Only the outermost of several is the test's own. */
		TRY(close_run(r, r->depth == at + 2 ? t : NULL));
	}
	if (o->level->last)
		o->level->last->next = t;
	else
		o->level->first = t;
	o->level->last = t;
	o->level->n++;
	if (t->number != o->level->n)
		return PROBLEM(r, "line %zu: result %ju where %ju was expected", r->line,
			       (uintmax_t)t->number, (uintmax_t)o->level->n);
	return NULL;
}

static struct error *take_plan(struct reader *r, size_t at, const struct ktap_words *w)
{
	struct ktap_level *l = r->open[at].level;

	if (l->planned)
		return PROBLEM(r, "line %zu: a second plan", r->line);
	l->planned = true;
	l->plan = w->number;
	if (w->number || !w->skip)
		return NULL;
	l->skipped = arena_strdup(&r->k->arena, w->reason);
	return l->skipped ? NULL : error_nomem();
}

static struct error *take_line(struct reader *r, size_t at, const struct ktap_words *w)
{
	switch (w->kind) {
	case KTAP_LINE_RESULT:
		return take_result(r, at, w);
	case KTAP_LINE_PLAN:
		return take_plan(r, at, w);
	case KTAP_LINE_BAIL:
		r->bailed = true;
		return PROBLEM(r, "line %zu: bailed out: %s", r->line, w->reason);
	case KTAP_LINE_SAID:
		return add_line(r->k, &r->open[at].said, arena_strdup(&r->k->arena, w->reason));
	case KTAP_LINE_VERSION:
		return PROBLEM(r, "line %zu: results of another run begin within this one",
			       r->line);
	case KTAP_LINE_OTHER:
		break;
	}
	return NULL;
}

/* A version line, or "# Subtest:", that is indented: tests within the next test. */
static bool begins_run(const char *rest, size_t *indent)
{
	struct ktap_words w;

	*indent = str_starts(rest, "# ") ? 2 : strspn(rest, " ");
	if (!*indent)
		return false;
	ktap_line_read(rest + *indent, &w);
	return w.kind == KTAP_LINE_VERSION ||
	       (*rest == ' ' && str_starts(rest + *indent, "# Subtest:"));
}

static bool has_prefix(const struct open_run *o, const char *line)
{
	return !strncmp(line, o->prefix, o->prefix_n);
}

static struct error *read_line(struct reader *r, const char *line)
{
	struct ktap_words w;
	size_t indent;

	if (!r->depth) {
		ktap_line_read(line, &w);
		return w.kind == KTAP_LINE_VERSION ? open_run(r, "", 0) : NULL;
	}
	for (size_t at = r->depth; at--;) {
		struct open_run *o = &r->open[at];
		const char *rest = line + o->prefix_n;

		if (!has_prefix(o, line))
			continue;
		if (begins_run(rest, &indent)) {
			/* What is still open within was never closed by its test. */
			while (r->depth > at + 1)
				TRY(close_run(r, NULL));
			return open_run(r, line, o->prefix_n + indent);
		}
		ktap_line_read(rest, &w);
		if (w.kind != KTAP_LINE_OTHER)
			return take_line(r, at, &w);
	}
	return NULL;
}

/* Without the line's end; what would confuse a terminal or a string is replaced. */
static void clean(char *line, size_t n)
{
	while (n && line[n - 1] == '\r')
		n--;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = line[i] == '\t' ? ' ' : '?';
	line[n] = '\0';
}

static struct error *read_all(struct reader *r, const char *text, size_t n)
{
	struct strbuf line __cleanup_strbuf = { 0 };

	while (n && !r->bailed) {
		const char *end = memchr(text, '\n', n);
		size_t k = end ? (size_t)(end - text) : n;

		r->line++;
		line.n = 0;
		TRY(strbuf_add(&line, text, k));
		TRY(strbuf_puts(&line, ""));
		if (line.s) {
			clean(line.s, line.n);
			TRY(read_line(r, line.s));
		}
		text += k + !!end;
		n -= k + !!end;
	}
	if (!r->depth)
		return error_advise(error_failed("these are no test results: no line says "
						 "\"KTAP version 1\" or \"TAP version 13\""),
				    "give the output of the tests as it was printed");
	while (r->depth)
		TRY(close_run(r, NULL));
	return NULL;
}

struct error *ktap_read(const char *text, size_t n, struct ktap **out)
{
	struct ktap *k __cleanup_ktap = calloc(1, sizeof(*k));
	struct reader r = { .k = k };

	if (!k)
		return error_nomem();
	TRY(read_all(&r, text, n));
	*out = take(k);
	return NULL;
}

void ktap_free(struct ktap **k)
{
	if (*k)
		arena_free(&(*k)->arena);
	free(*k);
	*k = NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Events as a table. What others wrote (why, names) must not steer the terminal. */
#include <time.h>

#include "base/arena.h"
#include "base/date.h"
#include "report/log_report.h"

enum { SEQ, TIME, WHO, VERB, PATCH, STATE, WHY, COLUMNS };

static const char *const headings[COLUMNS] = {
	"SEQ", "TIME", "WHO", "VERB", "PATCH", "STATE", "WHY"
};

struct line {
	const char *cells[COLUMNS];
};

/* A cell on one line: what is no printable character is shown as '?'. */
static const char *tame(struct arena *a, const char *s)
{
	char *copy = arena_strdup(a, s && *s ? s : "-");

	for (char *c = copy; c && *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = *c == '\n' || *c == '\t' ? ' ' : '?';
	return copy;
}

static const char *local_time(struct arena *a, int64_t microseconds)
{
	time_t at = (time_t)(microseconds / 1000000);
	struct tm tm;
	char text[32];

	if (!localtime_r(&at, &tm) || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm))
		return arena_strdup(a, "-");
	return arena_strdup(a, text);
}

static const char *who(struct arena *a, const struct ledger_event *e)
{
	if (!str_equal(e->actor, "person"))
		return tame(a, e->actor);
	if (e->login)
		return tame(a, e->login);
	return e->uid ? arena_printf(a, "uid %llu", (unsigned long long)e->uid)
		      : arena_strdup(a, "root");
}

static const char *state(struct arena *a, const struct ledger_event *e)
{
	if (e->before == e->after)
		return arena_strdup(a, e->after ? ledger_state_name(e->after) : "-");
	if (!e->before)
		return arena_printf(a, "→ %s", ledger_state_name(e->after));
	return arena_printf(a, "%s → %s", ledger_state_name(e->before),
			    ledger_state_name(e->after));
}

static struct error *fill(struct arena *a, const struct ledger_event *e, struct line *out)
{
	out->cells[SEQ] = arena_printf(a, "%llu", (unsigned long long)e->seq);
	out->cells[TIME] = local_time(a, e->time);
	out->cells[WHO] = who(a, e);
	out->cells[VERB] = tame(a, e->verb);
	out->cells[PATCH] = tame(a, e->patch);
	out->cells[STATE] = state(a, e);
	out->cells[WHY] = tame(a, e->why);
	for (int i = 0; i < COLUMNS; i++)
		if (!out->cells[i])
			return error_nomem();
	return NULL;
}

/* In characters, as UTF-8 has them. */
static size_t width(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static struct error *print(const struct line *lines, size_t n, struct strbuf *out)
{
	size_t widest[COLUMNS] = { 0 };

	for (size_t i = 0; i < n; i++)
		for (int c = 0; c < WHY; c++)
			if (width(lines[i].cells[c]) > widest[c])
				widest[c] = width(lines[i].cells[c]);
	for (size_t i = 0; i < n; i++) {
		for (int c = 0; c < WHY; c++) {
			size_t pad = widest[c] - width(lines[i].cells[c]) + 2;

			TRY(strbuf_printf(out, "%s%*s", lines[i].cells[c], (int)pad, ""));
		}
		TRY(strbuf_printf(out, "%s\n", lines[i].cells[WHY]));
	}
	return NULL;
}

static struct error *table(const struct ledger_events *events, struct arena *a, struct strbuf *out)
{
	struct line *lines = arena_array(a, events->n + 1, sizeof(*lines));

	if (!lines)
		return error_nomem();
	memcpy(lines[0].cells, headings, sizeof(headings));
	for (size_t i = 0; i < events->n; i++)
		TRY(fill(a, &events->v[i], &lines[i + 1]));
	return print(lines, events->n + 1, out);
}

struct error *log_table(const struct ledger_events *events, struct strbuf *out)
{
	struct arena a = { 0 };
	struct error *e = table(events, &a, out);

	arena_free(&a);
	return e;
}

struct error *log_verdict_text(const char *path, const struct ledger_verdict *v,
			       const struct log_checkpoint *c, struct strbuf *out)
{
	TRY(strbuf_printf(out, "%s is whole: %llu events, the last one with the hash %s\n", path,
			  (unsigned long long)v->events, v->end.hash));
	if (v->gap)
		TRY(strbuf_printf(
			out, "it was begun anew after a loss (%s): what was before is not known\n",
			v->gap));
	if (!c->known)
		return strbuf_puts(out, "no checkpoint was given: that its end was cut off, or all "
					"of it forged anew, can't be told\n");
	TRY(strbuf_printf(out, "it agrees with the checkpoint of %s, up to event %llu; ",
			  date_text(c->known->time).s, (unsigned long long)c->known->seq));
	if (c->key)
		TRY(strbuf_printf(out, "the checkpoint's signature is of the key %.16s\n", c->key));
	else
		TRY(strbuf_puts(out,
				"no key was given: the checkpoint's signature was not checked\n"));
	return strbuf_puts(out,
			   "that events after it were cut off, or forged anew, can't be told\n");
}

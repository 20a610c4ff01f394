// SPDX-License-Identifier: GPL-2.0-or-later
/* An event as columns, as bytes that are hashed, and as a step of a patch. */
#include "ledger/event.h"

#include <limits.h>

enum column_kind { NUMBER, TEXT, STATE };

#define COLUMN(name, kind, optional)                                       \
	{                                                                  \
#name, kind, optional, offsetof(struct ledger_event, name) \
	}

static const struct column {
	const char *name;
	enum column_kind kind;
	bool optional;
	size_t at;
} columns[] = {
	COLUMN(seq, NUMBER, false),	 COLUMN(time, NUMBER, false),
	COLUMN(uptime, NUMBER, false),	 COLUMN(boot, TEXT, false),
	COLUMN(actor, TEXT, false),	 COLUMN(uid, NUMBER, false),
	COLUMN(pid, NUMBER, false),	 COLUMN(login, TEXT, true),
	COLUMN(tty, TEXT, true),	 COLUMN(verb, TEXT, false),
	COLUMN(patch, TEXT, true),	 COLUMN(before, STATE, false),
	COLUMN(after, STATE, false),	 COLUMN(bundle, TEXT, true),
	COLUMN(path, TEXT, true),	 COLUMN(module, TEXT, true),
	COLUMN(fix, TEXT, true),	 COLUMN(version, NUMBER, false),
	COLUMN(deadline, NUMBER, false), COLUMN(why, TEXT, true),
	COLUMN(evidence, TEXT, true),	 COLUMN(prev, TEXT, false),
	COLUMN(hash, TEXT, false),
};

#define N_HASHED (ARRAY_SIZE(columns) - 1) /* all but the hash */

static uint64_t *number_at(const struct ledger_event *e, const struct column *c)
{
	return (uint64_t *)((char *)e + c->at);
}

static const char **text_at(const struct ledger_event *e, const struct column *c)
{
	return (const char **)((char *)e + c->at);
}

static enum ledger_state *state_at(const struct ledger_event *e, const struct column *c)
{
	return (enum ledger_state *)((char *)e + c->at);
}

/* NULL also for a column that has no text. */
static const char *as_text(const struct ledger_event *e, const struct column *c)
{
	return c->kind == STATE ? ledger_state_name(*state_at(e, c)) : *text_at(e, c);
}

struct error *ledger_event_columns(struct strbuf *names, struct strbuf *marks)
{
	for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
		TRY(strbuf_printf(names, "%s%s", i ? ", " : "", columns[i].name));
		TRY(strbuf_puts(marks, i ? ", ?" : "?"));
	}
	return NULL;
}

static struct error *add_word(struct strbuf *b, char tag, uint64_t n)
{
	char word[9] = { tag };

	for (int i = 0; i < 8; i++)
		word[1 + i] = (char)(n >> (56 - 8 * i));
	return strbuf_add(b, word, sizeof(word));
}

struct error *ledger_event_hash(const struct ledger_event *e, struct digest *out)
{
	static const char begin[] = "suture-ledger-event/1";
	struct strbuf b __cleanup_strbuf = { 0 };

	TRY(strbuf_add(&b, begin, sizeof(begin)));
	for (size_t i = 0; i < N_HASHED; i++) {
		const struct column *c = &columns[i];
		const char *text;

		if (c->kind == NUMBER) {
			TRY(add_word(&b, 'i', *number_at(e, c)));
			continue;
		}
		text = as_text(e, c);
		TRY(add_word(&b, text ? 't' : '-', text ? strlen(text) : 0));
		if (text)
			TRY(strbuf_puts(&b, text));
	}
	return digest_bytes(b.s, b.n, out);
}

int ledger_event_bind(const struct ledger_event *e, sqlite3_stmt *s)
{
	int status = SQLITE_OK;

	for (int i = 0; i < (int)ARRAY_SIZE(columns) && status == SQLITE_OK; i++)
		if (columns[i].kind == NUMBER)
			status = sqlite3_bind_int64(s, i + 1,
						    (sqlite3_int64)*number_at(e, &columns[i]));
		else /* a missing text is bound as NULL */
			status = sqlite3_bind_text(s, i + 1, as_text(e, &columns[i]), -1,
						   SQLITE_TRANSIENT);
	return status;
}

/* A text without a NUL in it, or nothing where that may be. */
static struct error *read_text(sqlite3_stmt *s, int i, struct arena *a, const char **out,
			       bool *sound)
{
	int type = sqlite3_column_type(s, i);
	const char *text;

	*sound = columns[i].optional && type == SQLITE_NULL;
	if (type != SQLITE_TEXT)
		return NULL;
	text = (const char *)sqlite3_column_text(s, i);
	*out = text ? arena_strdup(a, text) : NULL;
	if (!*out)
		return error_nomem();
	*sound = strlen(*out) == (size_t)sqlite3_column_bytes(s, i);
	return NULL;
}

struct error *ledger_event_read(sqlite3_stmt *s, struct arena *a, struct ledger_event *out)
{
	struct ledger_event e = { 0 };

	for (int i = 0; i < (int)ARRAY_SIZE(columns); i++) {
		const struct column *c = &columns[i];
		const char *text = NULL;
		bool sound;

		if (c->kind == NUMBER) {
			*number_at(&e, c) = (uint64_t)sqlite3_column_int64(s, i);
			sound = sqlite3_column_type(s, i) == SQLITE_INTEGER;
		} else {
			TRY(read_text(s, i, a, &text, &sound));
			if (c->kind == TEXT)
				*text_at(&e, c) = text ? text : c->optional ? NULL : "";
			else if (sound)
				sound = ledger_state_parse(text, state_at(&e, c));
		}
		if (!sound && !e.malformed)
			e.malformed = c->name;
	}
	*out = e;
	return NULL;
}

static bool stays_confirmed(const struct ledger_patch *p, enum ledger_state to)
{
	static const unsigned int kept =
		1u << LEDGER_APPLYING | 1u << LEDGER_LIVE | 1u << LEDGER_PROVED | 1u << LEDGER_LOST;

	return to == LEDGER_CONFIRMED || (p->confirmed && (kept & (1u << to)));
}

static bool may_have_deadline(enum ledger_state s)
{
	return s == LEDGER_APPLYING || s == LEDGER_LIVE || s == LEDGER_PROVED;
}

void ledger_event_apply(const struct ledger_event *e, struct ledger_patch *p)
{
	p->name = e->patch;
	p->seq = e->seq;
	p->bundle = e->bundle ? e->bundle : p->bundle;
	p->path = e->path ? e->path : p->path;
	p->module = e->module ? e->module : p->module;
	p->fix = e->fix ? e->fix : p->fix;
	p->version = e->version ? e->version : p->version;
	p->deadline = e->deadline ? e->deadline : p->deadline;
	/* A new life begins: what the old one's boot and deadline were means nothing. */
	if (e->after != e->before || !p->since) {
		p->since = e->time;
		p->confirmed = stays_confirmed(p, e->after);
		if (e->after == LEDGER_APPLYING ||
		    (e->after == LEDGER_LIVE && e->before != LEDGER_APPLYING))
			p->boot = e->boot;
		if (e->after == LEDGER_APPLYING)
			p->deadline = e->deadline;
	}
	p->state = e->after;
	if (!may_have_deadline(p->state))
		p->deadline = 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where the chain of events breaks first, and what was done to it. An event's own hash is over its
 * number too: so the number that fits to its hash tells where it stood when it was written.
 */
#include "ledger/event.h"
#include "ledger/verify.h"

#define FAR 4096 /* numbers that are tried beyond the last event's */

struct chain {
	const struct ledger_event *v;
	size_t n;
	struct arena *arena;
	struct ledger_fault *fault;
};

/* A break is found: nothing else is looked at. */
static struct error *found(struct chain *c, enum ledger_fault_kind kind, uint64_t seq,
			   const char *what)
{
	if (!what)
		return error_nomem();
	*c->fault = (struct ledger_fault){ kind, seq, what };
	return NULL;
}
#define FOUND(c, kind, seq, ...) found(c, kind, seq, arena_printf((c)->arena, __VA_ARGS__))
#define NUMBER(n) ((unsigned long long)(n))

static struct error *fits_as(const struct ledger_event *e, uint64_t seq, bool *fits)
{
	struct ledger_event as = *e;
	struct digest d;

	as.seq = seq;
	TRY(ledger_event_hash(&as, &d));
	*fits = str_equal(d.hex, e->hash);
	return NULL;
}

/* The number under which an event was written, 0 if it has none. */
static struct error *written_as(const struct chain *c, const struct ledger_event *e, uint64_t *seq)
{
	bool fits;

	for (*seq = 1; *seq <= c->n + FAR; ++*seq) {
		TRY(fits_as(e, *seq, &fits));
		if (fits)
			return NULL;
	}
	*seq = 0;
	return NULL;
}

/* The place of the event that was written under that number, from the i-th on; n if there is none.
 */
static struct error *find_written(const struct chain *c, size_t i, uint64_t seq, size_t *at)
{
	bool fits;

	for (; i < c->n; i++) {
		TRY(fits_as(&c->v[i], seq, &fits));
		if (fits)
			break;
	}
	*at = i;
	return NULL;
}

/* Instead of event `seq`, the i-th row is another, or has a higher number. */
static struct error *is_missing(struct chain *c, size_t i, uint64_t seq, uint64_t next)
{
	size_t at;

	TRY(find_written(c, i, seq, &at));
	if (at < c->n)
		return FOUND(c, FAULT_REORDERED, seq, "event %llu stands as event %llu",
			     NUMBER(seq), NUMBER(c->v[at].seq));
	if (next > seq + 1)
		return FOUND(c, FAULT_DELETED, seq, "the events %llu to %llu are missing",
			     NUMBER(seq), NUMBER(next - 1));
	return FOUND(c, FAULT_DELETED, seq, "event %llu is missing", NUMBER(seq));
}

static const char *hash_before(const struct chain *c, size_t i)
{
	return i ? c->v[i - 1].hash : EVENT_NO_PREV;
}

/* Which of the two columns that can be told apart was edited; or that it was something else. */
static struct error *was_edited(struct chain *c, size_t i)
{
	const struct ledger_event *e = &c->v[i];
	struct ledger_event as = *e;
	struct digest is, with_prev;

	TRY(ledger_event_hash(e, &is));
	as.prev = hash_before(c, i);
	TRY(ledger_event_hash(&as, &with_prev));
	if (i + 1 < c->n && str_equal(is.hex, c->v[i + 1].prev))
		return FOUND(c, FAULT_EDITED, e->seq, "the hash of event %llu was edited",
			     NUMBER(e->seq));
	if (str_equal(with_prev.hex, e->hash))
		return FOUND(c, FAULT_EDITED, e->seq,
			     "what event %llu says of the one before it was edited",
			     NUMBER(e->seq));
	return FOUND(c, FAULT_EDITED, e->seq, "event %llu was edited: it does not fit to its hash",
		     NUMBER(e->seq));
}

/* The hash of the i-th event is not of what it says. */
static struct error *hash_differs(struct chain *c, size_t i)
{
	const struct ledger_event *e = &c->v[i];
	uint64_t as;
	bool fits = false;

	TRY(written_as(c, e, &as));
	if (as > e->seq)
		return is_missing(c, i, e->seq, as);
	if (as)
		return FOUND(c, FAULT_INSERTED, as,
			     "event %llu was inserted: event %llu was written under that number",
			     NUMBER(as), NUMBER(e->seq));
	/* The next one may have been pushed up by it. */
	if (i + 1 < c->n && !str_equal(e->hash, c->v[i + 1].prev))
		TRY(fits_as(&c->v[i + 1], e->seq, &fits));
	if (fits)
		return FOUND(c, FAULT_INSERTED, e->seq,
			     "event %llu was inserted: event %llu was written under that number",
			     NUMBER(e->seq), NUMBER(e->seq + 1));
	return was_edited(c, i);
}

/* It agrees with itself, but was written after another event than the one before it. */
static struct error *prev_differs(struct chain *c, size_t i)
{
	const struct ledger_event *e = &c->v[i];
	bool followed = i + 1 < c->n && str_equal(c->v[i + 1].prev, e->hash);

	if (!i || (i + 1 < c->n && !followed))
		return FOUND(c, FAULT_EDITED, e->seq,
			     "event %llu was edited and its hash computed anew", NUMBER(e->seq));
	return FOUND(c, FAULT_EDITED, e->seq - 1,
		     "event %llu%s was edited and its hash computed anew: they do not follow each "
		     "other",
		     NUMBER(e->seq - 1), followed ? "" : ", or the last one,");
}

static struct error *check_event(struct chain *c, size_t i)
{
	const struct ledger_event *e = &c->v[i];
	bool fits;

	if (e->seq > i + 1)
		return is_missing(c, i, i + 1, e->seq);
	if (e->seq != i + 1)
		return FOUND(c, FAULT_INSERTED, e->seq,
			     "an event with the number %lld was inserted", (long long)e->seq);
	if (e->malformed)
		return FOUND(c, FAULT_EDITED, e->seq,
			     "event %llu was edited: '%s' holds what suture never writes there",
			     NUMBER(e->seq), e->malformed);
	TRY(fits_as(e, e->seq, &fits));
	if (!fits)
		return hash_differs(c, i);
	return str_equal(e->prev, hash_before(c, i)) ? NULL : prev_differs(c, i);
}

struct error *ledger_check_chain(const struct ledger_events *events, struct arena *a,
				 struct ledger_fault *out)
{
	struct chain c = { events->v, events->n, a, out };

	*out = (struct ledger_fault){ FAULT_NONE };
	for (size_t i = 0; i < c.n && !out->kind; i++)
		TRY(check_event(&c, i));
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/stack.h"

#include <stdlib.h>

#define RED_ZONE 128
#define STACK_MOST (64ull << 20)
#define WORDS_LEAST 65536
#define WORDS_MOST (1u << 20)
#define USUAL_STACK 8192
#define BATCH 256 /* stacks that are read together */

const struct stack_range *stack_range_of(const struct stack_range *v, size_t n, uint64_t address)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (address >= v[mid].end)
			low = mid + 1;
		else
			high = mid;
	}
	return low < n && v[low].start <= address ? &v[low] : NULL;
}

const uint64_t *stack_scan(const uint64_t *words, size_t n, const struct stack_range *v,
			   size_t ranges)
{
	uint64_t least, span;

	if (!ranges)
		return NULL;
	least = v[0].start;
	span = v[ranges - 1].end - least;
	for (size_t i = 0; i < n; i++)
		if (words[i] - least < span && stack_range_of(v, ranges, words[i]))
			return &words[i];
	return NULL;
}

struct scan {
	const struct stop *s;
	struct stack_look *look;
	const struct stack_range *v;
	size_t n;
	bool ask;		    /* what was mapped before the stop is not to be relied on */
	bool fresh;		    /* the maps were read during this stop */
	struct iovec stacks[BATCH]; /* that are still to be read */
	pid_t tids[BATCH];
	size_t batched, bytes; /* of them */
	struct stack_hit *out;
};

struct error *stack_look_open(int query, struct maps *maps, size_t threads, struct stack_look *out)
{
	struct stack_look l = { .maps = maps, .query = query };

	l.cap = threads * USUAL_STACK;
	l.cap = l.cap < WORDS_LEAST ? WORDS_LEAST : l.cap > WORDS_MOST ? WORDS_MOST : l.cap;
	l.words = malloc(l.cap);
	if (!l.words)
		return error_nomem();
	memset(l.words, 0xff, l.cap); /* so that no page of it is missing later */
	*out = l;
	return NULL;
}

void stack_look_close(struct stack_look *l)
{
	free_pointer(&l->words);
}

static struct error *read_maps(struct scan *sc)
{
	if (sc->fresh)
		return NULL;
	sc->fresh = true;
	return maps_read_open(sc->look->query, sc->look->maps);
}

/* As it is during the stop: mappings read before may have been replaced since. */
static struct error *mapping_of(struct scan *sc, uint64_t address, struct mapping *out)
{
	const struct mapping *m;

	*out = (struct mapping){ 0 };
	if (!sc->fresh && maps_query(sc->look->query, address, out))
		return NULL;
	TRY(read_maps(sc));
	m = maps_at(sc->look->maps, address);
	if (m)
		*out = *m;
	return NULL;
}

static struct error *read_words(struct scan *sc, uint64_t from, uint64_t n)
{
	if (n > sc->look->cap) {
		uint64_t *more = realloc(sc->look->words, n);

		if (!more)
			return error_nomem();
		sc->look->words = more;
		sc->look->cap = n;
	}
	return memory_read(sc->s->memory, from, sc->look->words, n);
}

/*
 * [from, the end of its mapping). 'lowest': the least word that points into 'home', for a stack
 * that continues elsewhere.
 */
static struct error *scan_from(struct scan *sc, pid_t tid, uint64_t from, const struct mapping *m,
			       const struct mapping *home, uint64_t *lowest)
{
	uint64_t n = m->end - from;
	const uint64_t *hit;

	if (n > STACK_MOST)
		return error_refused("thread %d has a stack of more than %llu MB, which can't be "
				     "told from a heap",
				     tid, STACK_MOST >> 20);
	TRY(read_words(sc, from, n));
	hit = stack_scan(sc->look->words, n / 8, sc->v, sc->n);
	if (hit)
		*sc->out = (struct stack_hit){ .tid = tid,
					       .range = stack_range_of(sc->v, sc->n, *hit),
					       .address = *hit };
	for (uint64_t i = 0; home && i < n / 8; i++)
		if (sc->look->words[i] >= home->start && sc->look->words[i] < home->end &&
		    sc->look->words[i] < *lowest)
			*lowest = sc->look->words[i];
	return NULL;
}

/*
 * A thread on its own stack by what was mapped before the stop, which may be other by now. What is
 * read is right all the same: all from its stack pointer to its descriptor, above which it has no
 * frame, or to the end of the first stack, which never moves; if that can't be read, it was other.
 */
static const struct mapping *known_home(const struct scan *sc, const struct stopped_thread *t)
{
	const struct mapping *m = maps_at(sc->look->maps, t->regs.rsp);

	if (!m || !m->write)
		return NULL;
	if (t->tid == sc->s->memory->pid)
		return str_equal(m->name, "[stack]") ? m : NULL;
	return t->regs.fs_base > t->regs.rsp && t->regs.fs_base < m->end ? m : NULL;
}

/*
 * Whether a thread stands on its own stack: its descriptor lies at the end of the same mapping;
 * that of the first thread does not, but the end of the first stack never moves.
 */
static bool at_home(const struct scan *sc, const struct stopped_thread *t, const struct mapping *m)
{
	if (t->tid != sc->s->memory->pid)
		return t->regs.fs_base >= m->start && t->regs.fs_base < m->end;
	for (size_t i = sc->look->maps->v.n; i; i--)
		if (str_equal(sc->look->maps->v.v[i - 1].name, "[stack]"))
			return m->end == sc->look->maps->v.v[i - 1].end;
	return false;
}

static const struct mapping *home_of(const struct scan *sc, const struct stopped_thread *t)
{
	if (t->tid != sc->s->memory->pid)
		return maps_at(sc->look->maps, t->regs.fs_base);
	vec_for_each(&sc->look->maps->v, m)
		if (str_equal(m->name, "[stack]"))
			return m;
	return NULL;
}

/* On another stack: that, and its own from the lowest place that the other one points to. */
static struct error *scan_both(struct scan *sc, const struct stopped_thread *t, uint64_t from,
			       const struct mapping *m)
{
	uint64_t lowest = UINT64_MAX;
	const struct mapping *home;

	TRY(read_maps(sc));
	home = home_of(sc, t);
	TRY(scan_from(sc, t->tid, from, m, home, &lowest));
	if (sc->out->range || !home || lowest == UINT64_MAX)
		return NULL;
	from = (lowest - RED_ZONE) & ~7ull;
	return scan_from(sc, t->tid, from < home->start ? home->start : from, home, NULL, NULL);
}

/* --- all of them ---------------------------------------------------------------------- */

/* Those that were put together. */
static struct error *scan_batch(struct scan *sc)
{
	const uint64_t *words = sc->look->words, *hit;
	size_t end = 0;

	TRY(memory_read_pieces(sc->s->memory, sc->stacks, sc->batched, sc->look->words));
	hit = stack_scan(words, sc->bytes / 8, sc->v, sc->n);
	for (size_t i = 0; hit && i < sc->batched && !sc->out->range; i++) {
		end += sc->stacks[i].iov_len;
		if ((size_t)(hit - words) * 8 < end)
			*sc->out = (struct stack_hit){ .tid = sc->tids[i],
						       .range = stack_range_of(sc->v, sc->n, *hit),
						       .address = *hit };
	}
	sc->batched = sc->bytes = 0;
	return NULL;
}

/* A call for each stack takes longer than its bytes: they are put together. */
static struct error *scan_later(struct scan *sc, pid_t tid, uint64_t from, const struct mapping *m)
{
	uint64_t n = m->end - from;

	if (n > sc->look->cap)
		return scan_from(sc, tid, from, m, NULL, NULL);
	if (sc->batched == BATCH || n > sc->look->cap - sc->bytes)
		TRY(scan_batch(sc));
	sc->tids[sc->batched] = tid;
	sc->stacks[sc->batched++] = (struct iovec){ (void *)from, n };
	sc->bytes += n;
	return NULL;
}

/* Or it has just become another program, and has no mappings of the old one. */
static struct error *no_stack(const struct scan *sc, const struct stopped_thread *t)
{
	uint8_t byte;
	struct error *e = memory_read(sc->s->memory, t->regs.rsp, &byte, 1);

	if (e && error_kind(e) == ERROR_NOTHING)
		return e;
	error_free(&e);
	return error_refused("thread %d has no stack", t->tid);
}

static struct error *scan_thread(struct scan *sc, const struct stopped_thread *t)
{
	uint64_t from = (t->regs.rsp - RED_ZONE) & ~7ull;
	const struct mapping *home = sc->ask ? NULL : known_home(sc, t);
	struct mapping m;

	if (home)
		return scan_later(sc, t->tid, from < home->start ? home->start : from, home);
	TRY(mapping_of(sc, t->regs.rsp, &m));
	if (!m.write)
		return no_stack(sc, t);
	from = from < m.start ? m.start : from;
	return at_home(sc, t, &m) ? scan_later(sc, t->tid, from, &m) : scan_both(sc, t, from, &m);
}

/* Who runs in a range is told before any stack is read. */
static void find_running(struct scan *sc)
{
	vec_for_each(&sc->s->threads, t) {
		const struct stack_range *in = stack_range_of(sc->v, sc->n, t->regs.rip);

		if (!in)
			continue;
		*sc->out = (struct stack_hit){ t->tid, in, t->regs.rip, true };
		return;
	}
}

/* Whose stack the place is on: its thread may be told by unwinding to have left it. */
static struct error *find_owner(struct scan *sc, uint64_t at, const struct stopped_thread **owner)
{
	struct mapping m;

	*owner = NULL;
	vec_for_each(&sc->s->threads, t) {
		TRY(mapping_of(sc, t->regs.rsp, &m));
		if (at < m.start || at >= m.end || at < t->regs.rsp - RED_ZONE)
			continue;
		/* Of several on one mapping the one that is nearest to it. */
		if (!*owner || t->regs.rsp > (*owner)->regs.rsp)
			*owner = t;
	}
	return NULL;
}

static struct error *scan_calls(struct scan *sc)
{
	vec_for_each(&sc->look->calls->v, c) {
		const struct stack_range *in = stack_range_of(sc->v, sc->n, c->returns);
		const struct stopped_thread *owner;

		if (!in)
			continue;
		TRY(find_owner(sc, c->at, &owner));
		/* A thread on another stack than that may come back to it. */
		if (owner && owner->settled)
			continue;
		*sc->out = (struct stack_hit){ .tid = owner ? owner->tid : sc->s->memory->pid,
					       .range = in,
					       .address = c->returns };
		return NULL;
	}
	return NULL;
}

static struct error *scan_all(struct scan *sc)
{
	const struct stop *s = sc->s;

	for (size_t i = 0; i < s->threads.n && !sc->out->range; i++)
		if (!s->threads.v[i].settled)
			TRY(scan_thread(sc, &s->threads.v[i]));
	if (!sc->out->range)
		TRY(scan_batch(sc));
	return sc->out->range || !sc->look->calls ? NULL : scan_calls(sc);
}

struct error *stack_check(const struct stop *s, struct stack_look *l, const struct stack_range *v,
			  size_t n, struct stack_hit *out)
{
	struct scan sc = { .s = s, .look = l, .v = v, .n = n, .out = out };
	struct error *e;

	*out = (struct stack_hit){ 0 };
	if (!n)
		return NULL;
	find_running(&sc);
	e = scan_all(&sc);
	if (!e || error_kind(e) == ERROR_NOTHING)
		return e;
	error_free(&e);
	*out = (struct stack_hit){ 0 };
	sc.batched = sc.bytes = 0;
	sc.ask = true;
	return scan_all(&sc);
}

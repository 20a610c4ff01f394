// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the order of functions tells: the shipped build has a unit's functions in one section,
 * in the same order, with nothing but padding between them.
 */
#include "bind/work.h"

static uint64_t align_up(uint64_t address, uint64_t align)
{
	return (address + align - 1) / align * align;
}

static uint64_t next_address(const struct code *after, const struct code *c)
{
	return align_up(after->address + after->size, c->section->align ? c->section->align : 1);
}

/* Padding inside of a function raises its section's alignment, which is not the function's. */
static bool lies_next(const struct code *after, const struct code *c, uint64_t address)
{
	return next_address(after, c) == address ||
	       (c->section->align >= PADDED_TO &&
		align_up(after->address + after->size, PADDED_TO / 2) == address);
}

struct code *order_next(const struct work *w, const struct code *c)
{
	for (struct code *n = (struct code *)c + 1; n < w->codes.v + w->codes.n; n++)
		if (n->group == c->group)
			return n;
	return NULL;
}

struct code *order_previous(const struct work *w, const struct code *c)
{
	for (struct code *n = (struct code *)c - 1; n >= w->codes.v; n--)
		if (n->group == c->group)
			return n;
	return NULL;
}

bool order_agrees(const struct work *w, const struct code *c, uint64_t address)
{
	const struct code *before = order_previous(w, c), *after = order_next(w, c);
	const struct code at = { .address = address, .size = w->match.size };

	return (!before || !before->believed || lies_next(before, c, address)) &&
	       (!after || !after->believed || lies_next(&at, after, after->address));
}

/*
 * From a believed function on: do those behind it, up to the next believed one, fit exactly
 * into the gap? Where names may be used, the function's own name at the right place is as
 * good as the other end.
 */
static struct error *fill_gap(struct work *w, struct code *from)
{
	struct code *last = from, *c;
	struct code at;
	bool ok, closed = false;

	at = *from;
	for (c = order_next(w, from); c; c = order_next(w, c)) {
		at.address = next_address(&at, c);
		if (c->believed) {
			closed = c->address == at.address;
			break;
		}
		if (c->place->state != PLACE_OPEN)
			return NULL;
		TRY(code_judge(w, c, at.address, &ok));
		if (!ok)
			break;
		at.size = w->match.size;
		last = c;
	}
	for (at = *from, c = from; c != last;) {
		c = order_next(w, c);
		at.address = next_address(&at, c);
		if (!closed &&
		    !(w->use_names &&
		      image_symbol_named_at(w->image, c->main->name, at.address + c->main->value)))
			return NULL;
		TRY(code_judge(w, c, at.address, &ok));
		if (!ok)
			return NULL;
		at.size = w->match.size;
		TRY(code_believe(w, c, at.address));
	}
	return NULL;
}

/* Of several candidates, the only one between the believed functions around it. */
static struct error *choose_between(struct work *w, struct code *c, const struct code *before,
				    const struct code *after)
{
	uint64_t one = 0;
	size_t good = 0;
	bool ok;

	vec_for_each(&c->candidates, a) {
		if (*a < before->address + before->size || *a + c->section->size > after->address)
			continue;
		TRY(code_judge(w, c, *a, &ok));
		good += ok;
		one = ok ? *a : one;
	}
	if (good != 1)
		return NULL;
	TRY(code_judge(w, c, one, &ok));
	return ok ? code_believe(w, c, one) : NULL;
}

/* By its name, directly before the believed function that follows it in the object. */
static struct error *choose_before(struct work *w, struct code *c, const struct code *after)
{
	bool ok;

	vec_for_each(&c->candidates, a) {
		struct code at = { .address = *a };

		TRY(code_judge(w, c, *a, &ok));
		at.size = w->match.size;
		if (ok && lies_next(&at, after, after->address))
			return code_believe(w, c, *a);
	}
	return NULL;
}

struct error *order_use(struct work *w)
{
	vec_for_each(&w->codes, c) {
		const struct code *before = c, *after;

		if (c->believed) {
			TRY(fill_gap(w, c));
			continue;
		}
		after = order_next(w, c);
		if (w->use_names && c->place->state == PLACE_OPEN && after && after->believed) {
			TRY(choose_before(w, c, after));
			if (c->believed)
				continue;
		}
		if (c->place->state != PLACE_OPEN)
			continue;
		while (before >= w->codes.v && (!before->believed || before->group != c->group))
			before--;
		for (after = order_next(w, c); after && !after->believed;)
			after = order_next(w, after);
		if (before >= w->codes.v && after)
			TRY(choose_between(w, c, before, after));
	}
	return NULL;
}

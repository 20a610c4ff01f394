// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which matches are believed. A function is believed where
 *
 *	- believed matches refer to it and its bytes agree there, or
 *	- only one function of the image has its name, and its bytes agree, or
 *	- without names: its bytes are many, and are nowhere else in the image's code, or
 *	- several have its name or its bytes, and only one refers to data or functions of this
 *	  object where believed matches have them, or
 *	- it lies where the order of the object's functions puts it: between two believed ones,
 *	  the linker leaves nothing but padding in the gap.
 *
 * Repeated until nothing new is found. A match that contradicts what is known is rejected;
 * so is one that does not lie next to its believed neighbours as it does in the object.
 */
#include <string.h>

#include "bind/work.h"

/* Fewer fixed bytes than this may be found anywhere. */
#define ENOUGH 24

/* --- one match -------------------------------------------------------------------- */

static bool reject(struct work *w, enum difference_kind kind, const struct claim *c)
{
	w->match.difference = (struct difference){
		.kind = kind, .offset = c->reloc->offset, .place = c->place, .claimed = c->address
	};
	return false;
}

static bool same_target(const struct claim *c, uint64_t address, const char *external)
{
	if (c->external || external)
		return c->external && external && !strcmp(c->external, external);
	return c->address == address;
}

/* Are the claims of w->match, of a section at that address, possible together? */
static bool claims_agree(struct work *w, const struct section *s, uint64_t address)
{
	w->attempt++;
	vec_for_each(&w->match.claims, c) {
		struct place *p = c->place;
		enum difference_kind kind;

		if (!p)
			continue;
		if (p->section == s && !p->merged && (c->external || c->address != address))
			return reject(w, DIFFER_SELF, c);
		if (p->attempt == w->attempt && !same_target(c, p->tried, p->tried_external))
			return reject(w, DIFFER_SELF, c);
		if (p->state != PLACE_OPEN && !same_target(c, p->address, p->external))
			return reject(w, DIFFER_CLAIM, c);
		kind = c->external ? DIFFER_NOT : place_check(w, p, c->address);
		if (kind != DIFFER_NOT)
			return reject(w, kind, c);
		p->attempt = w->attempt;
		p->tried = c->address;
		p->tried_external = c->external;
	}
	return true;
}

/* --- the order of functions ---------------------------------------------------------- */

static uint64_t next_address(const struct code *after, const struct code *c)
{
	uint64_t align = c->section->align ? c->section->align : 1;

	return (after->address + after->size + align - 1) / align * align;
}

static struct code *next_in_group(const struct work *w, const struct code *c)
{
	for (struct code *n = (struct code *)c + 1; n < w->codes.v + w->codes.n; n++)
		if (n->group == c->group)
			return n;
	return NULL;
}

static struct code *previous_in_group(const struct work *w, const struct code *c)
{
	for (struct code *n = (struct code *)c - 1; n >= w->codes.v; n--)
		if (n->group == c->group)
			return n;
	return NULL;
}

/* Directly behind, and directly before, the believed functions next to it in the object. */
static bool order_agrees(const struct work *w, const struct code *c, uint64_t address)
{
	const struct code *before = previous_in_group(w, c), *after = next_in_group(w, c);
	const struct code at = { .address = address, .size = w->match.size };

	return (!before || !before->believed || next_address(before, c) == address) &&
	       (!after || !after->believed || next_address(&at, after) == after->address);
}

/* --- a candidate ------------------------------------------------------------------- */

/* Has the section a jump to a function of this object? Only such can be shorter elsewhere. */
static bool may_be_shorter(const struct section *s)
{
	vec_for_each(&s->relocs, r) {
		uint8_t opcode = r->offset && s->bytes ? s->bytes[r->offset - 1] : 0;

		if (r->symbol->section && r->symbol->section != s &&
		    r->symbol->section->flags & SHF_EXECINSTR &&
		    (opcode == 0xe9 || (opcode & 0xf0) == 0x80))
			return true;
	}
	return false;
}

static bool own_name_fits(struct work *w, const struct code *c, uint64_t address)
{
	if (place_check(w, c->place, address) == DIFFER_NOT)
		return true;
	w->match.difference = (struct difference){ .kind = DIFFER_OWN_NAME };
	return false;
}

static struct error *judge(struct work *w, struct code *c, uint64_t address, bool *ok)
{
	struct difference first;

	TRY(match_section(w, c->section, address, ok));
	first = w->match.difference;
	if (!*ok && (first.kind == DIFFER_BYTES || first.kind == DIFFER_OUTSIDE) &&
	    may_be_shorter(c->section)) {
		TRY(match_relaxed(w, c->section, address, ok));
		if (w->match.difference.kind == DIFFER_NOT)
			w->match.difference = first;
	}
	if (*ok)
		*ok = own_name_fits(w, c, address) && claims_agree(w, c->section, address);
	if (*ok && !order_agrees(w, c, address)) {
		w->match.difference = (struct difference){ .kind = DIFFER_ORDER };
		*ok = false;
	}
	/* The difference that goes furthest tells most. */
	c->tried++;
	if (!*ok && (c->difference.kind == DIFFER_NOT ||
		     w->match.difference.offset >= c->difference.offset))
		c->difference = w->match.difference;
	return NULL;
}

static struct error *assert_claims(struct work *w)
{
	vec_for_each(&w->match.claims, c) {
		struct place *p = c->place;

		if (!p)
			continue;
		p->witnesses++;
		w->fields++;
		if (p->state != PLACE_OPEN)
			continue;
		p->state = PLACE_KNOWN;
		p->address = c->address;
		p->external = c->external;
		if (p->section && !p->merged && !p->code)
			TRY(vec_push(&w->queue, p));
	}
	return NULL;
}

/* Data that became known must have its content there, and tells of more in its turn. */
static struct error *look_at_data(struct work *w)
{
	while (w->queue.n) {
		struct place *p = w->queue.v[--w->queue.n];
		bool ok;

		TRY(match_section(w, p->section, p->address, &ok));
		if (ok && claims_agree(w, p->section, p->address)) {
			TRY(assert_claims(w));
			continue;
		}
		p->state = PLACE_BROKEN;
		p->trouble = trouble_text(w, p->section, &w->match.difference);
		if (!p->trouble)
			return error_nomem();
	}
	return NULL;
}

/* Right after judge() found it good. */
static struct error *believe(struct work *w, struct code *c, uint64_t address)
{
	c->believed = true;
	c->nameless = !w->use_names;
	c->address = address;
	c->size = w->match.size;
	c->place->state = PLACE_KNOWN;
	c->place->address = address;
	c->place->external = NULL;
	TRY(assert_claims(w));
	return look_at_data(w);
}

/* --- one function ------------------------------------------------------------------ */

/* Nothing outside of the object can know what is in it. */
static bool is_private(const struct section *s)
{
	vec_for_each(&s->symbols, symbol) {
		if ((*symbol)->bind != STB_LOCAL)
			return false;
	}
	return true;
}

/* Has the image one of its symbols there, and that name nowhere else? */
static bool has_unique_name(const struct work *w, const struct section *s, uint64_t address)
{
	const struct image_symbol *at;

	vec_for_each(&s->symbols, symbol) {
		at = image_symbol_named_at(w->image, (*symbol)->name, address + (*symbol)->value);
		if (at && at->same_name == 1)
			return true;
	}
	return false;
}

/*
 * Does the match refer to something of this object that is known already, or that can be
 * nothing else by its name? To something private: then it is one of this object's functions,
 * however small.
 */
enum corroboration { NOTHING, SHARED, PRIVATE };
static enum corroboration corroboration(const struct work *w, const struct code *c)
{
	enum corroboration best = NOTHING;

	vec_for_each(&w->match.claims, claim) {
		const struct place *p = claim->place;

		if (!p || p->state == PLACE_BROKEN || !p->section || p->merged ||
		    p->section == c->section || claim->external)
			continue;
		if (p->state == PLACE_OPEN &&
		    !(w->use_names && has_unique_name(w, p->section, claim->address)))
			continue;
		if (is_private(p->section))
			return PRIVATE;
		best = SHARED;
	}
	return best;
}

static bool name_is_unique(const struct work *w, const struct code *c, uint64_t address)
{
	const struct image_symbol *s =
		image_symbol_named_at(w->image, c->main->name, address + c->main->value);

	return s && s->same_name == 1;
}

static struct error *find_candidates(struct work *w, struct code *c)
{
	if (w->use_names ? c->has_named_candidates : c->has_candidates)
		return NULL;
	c->candidates.n = 0;
	if (w->use_names) {
		c->has_named_candidates = true;
		return named_candidates(w, c);
	}
	c->has_candidates = true;
	return index_candidates(w, c);
}

/* Try all candidates; believe the one that stands out, if one does. */
static struct error *choose(struct work *w, struct code *c)
{
	bool enough = c->fixed >= ENOUGH, ok;
	uint64_t one = 0, one_corroborated = 0;
	size_t good = 0, corroborated = 0;

	vec_for_each(&c->candidates, a) {
		enum corroboration how;

		TRY(judge(w, c, *a, &ok));
		if (!ok)
			continue;
		good++;
		one = *a;
		how = corroboration(w, c);
		if (how == PRIVATE || (how == SHARED && enough)) {
			corroborated++;
			one_corroborated = *a;
		}
	}
	if (corroborated == 1 && (enough || w->use_names))
		one = one_corroborated;
	else if (good != 1 || !(w->use_names ? name_is_unique(w, c, one) : enough) ||
		 (w->use_names && c->name_is_no_proof))
		return NULL;
	TRY(judge(w, c, one, &ok));
	return ok ? believe(w, c, one) : NULL;
}

static struct error *consider(struct work *w, struct code *c)
{
	bool ok;

	if (c->place->state == PLACE_OPEN) {
		TRY(find_candidates(w, c));
		return choose(w, c);
	}
	if (c->place->external || c->place->state == PLACE_BROKEN)
		return NULL;
	c->difference = (struct difference){ 0 };
	TRY(judge(w, c, c->place->address, &ok));
	if (ok)
		return believe(w, c, c->place->address);
	c->place->state = PLACE_BROKEN;
	return NULL;
}

/* --- what the order tells ----------------------------------------------------------- */

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
	for (c = next_in_group(w, from); c; c = next_in_group(w, c)) {
		at.address = next_address(&at, c);
		if (c->believed) {
			closed = c->address == at.address;
			break;
		}
		if (c->place->state != PLACE_OPEN)
			return NULL;
		TRY(judge(w, c, at.address, &ok));
		if (!ok)
			break;
		at.size = w->match.size;
		last = c;
	}
	for (at = *from, c = from; c != last;) {
		c = next_in_group(w, c);
		at.address = next_address(&at, c);
		if (!closed &&
		    !(w->use_names &&
		      image_symbol_named_at(w->image, c->main->name, at.address + c->main->value)))
			return NULL;
		TRY(judge(w, c, at.address, &ok));
		if (!ok)
			return NULL;
		at.size = w->match.size;
		TRY(believe(w, c, at.address));
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
		TRY(judge(w, c, *a, &ok));
		good += ok;
		one = ok ? *a : one;
	}
	if (good != 1)
		return NULL;
	TRY(judge(w, c, one, &ok));
	return ok ? believe(w, c, one) : NULL;
}

/* By its name, directly before the believed function that follows it in the object. */
static struct error *choose_before(struct work *w, struct code *c, const struct code *after)
{
	bool ok;

	vec_for_each(&c->candidates, a) {
		struct code at = { .address = *a };

		TRY(judge(w, c, *a, &ok));
		at.size = w->match.size;
		if (ok && next_address(&at, after) == after->address)
			return believe(w, c, *a);
	}
	return NULL;
}

static struct error *use_order(struct work *w)
{
	vec_for_each(&w->codes, c) {
		const struct code *before = c, *after;

		if (c->believed) {
			TRY(fill_gap(w, c));
			continue;
		}
		after = next_in_group(w, c);
		if (w->use_names && c->place->state == PLACE_OPEN && after && after->believed) {
			TRY(choose_before(w, c, after));
			if (c->believed)
				continue;
		}
		if (c->place->state != PLACE_OPEN)
			continue;
		while (before >= w->codes.v && (!before->believed || before->group != c->group))
			before--;
		for (after = next_in_group(w, c); after && !after->believed;)
			after = next_in_group(w, after);
		if (before >= w->codes.v && after)
			TRY(choose_between(w, c, before, after));
	}
	return NULL;
}

/* --- all of them ---------------------------------------------------------------------- */

static size_t n_believed(const struct work *w)
{
	size_t n = 0;

	vec_for_each(&w->codes, c)
		n += c->believed;
	return n;
}

static struct error *until_nothing_is_new(struct work *w)
{
	size_t before;

	do {
		before = n_believed(w);
		vec_for_each(&w->codes, c) {
			if (!c->believed)
				TRY(consider(w, c));
		}
		if (n_believed(w) == before)
			TRY(use_order(w));
	} while (n_believed(w) > before);
	return NULL;
}

/* Is there anything but its own name and bytes that says it is this object's? */
static struct error *is_supported(struct work *w, const struct code *c, bool *yes)
{
	const struct code *before = previous_in_group(w, c), *after = next_in_group(w, c);
	bool ok;

	*yes = true;
	if (c->main->bind != STB_LOCAL || c->place->witnesses || (!before && !after) ||
	    (before && before->believed) || (after && after->believed))
		return NULL;
	TRY(judge(w, (struct code *)c, c->address, &ok));
	vec_for_each(&w->match.claims, claim) {
		const struct place *p = claim->place;

		if (p && p->section && !p->merged && !claim->external && is_private(p->section) &&
		    has_unique_name(w, p->section, claim->address))
			return NULL;
	}
	*yes = false;
	return NULL;
}

static struct error *find_lonely(struct work *w, bool *found)
{
	bool supported;

	vec_for_each(&w->codes, c) {
		if (!c->believed || c->nameless || c->name_is_no_proof)
			continue;
		TRY(is_supported(w, c, &supported));
		if (supported)
			continue;
		w->lonely[c->section->index] = true;
		*found = true;
	}
	return NULL;
}

struct error *solve(struct work *w, bool *again)
{
	*again = false;
	if (w->index) {
		w->use_names = false;
		TRY(until_nothing_is_new(w));
	}
	w->use_names = true;
	TRY(until_nothing_is_new(w));
	return find_lonely(w, again);
}

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
#include "image/program.h"

/* Nothing outside of the object can know what is in it. */
static bool section_is_private(const struct section *s)
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
		if (section_is_private(p->section))
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

/* A program may lack the unit, and have an inline function of a header from another one. */
static bool enough_alone(const struct work *w, const struct code *c)
{
	return c->fixed >= (w->arch->process ? 2 * ENOUGH_BYTES : ENOUGH_BYTES);
}

/* Try all candidates; believe the one that stands out, if one does. */
static struct error *choose(struct work *w, struct code *c)
{
	bool enough = c->fixed >= ENOUGH_BYTES, ok;
	uint64_t one = 0, one_corroborated = 0;
	size_t good = 0, corroborated = 0;

	vec_for_each(&c->candidates, a) {
		enum corroboration how;

		TRY(code_judge(w, c, *a, &ok));
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
	else if (good != 1 || !(w->use_names ? name_is_unique(w, c, one) : enough_alone(w, c)) ||
		 (w->use_names && c->name_is_no_proof))
		return NULL;
	TRY(code_judge(w, c, one, &ok));
	return ok ? code_believe(w, c, one) : NULL;
}

/*
 * A program's weak function: which copy of it the linker kept is known from those who call it, by
 * any of its names.
 */
static bool callers_say(const struct work *w, const struct code *c, uint64_t *address)
{
	if (!w->arch->process)
		return false;
	vec_for_each(&c->section->symbols, it) {
		const struct place *p = (*it)->bind == STB_WEAK ? w->by_symbol[(*it)->index] : NULL;

		if (!p || p->state != PLACE_KNOWN || p->external || p->address < (*it)->value)
			continue;
		*address = p->address - (*it)->value;
		return true;
	}
	return false;
}

static struct error *consider(struct work *w, struct code *c)
{
	uint64_t address;
	bool ok;

	if (c->place->state == PLACE_OPEN && callers_say(w, c, &address)) {
		TRY(code_judge(w, c, address, &ok));
		return ok ? code_believe(w, c, address) : NULL;
	}
	if (c->place->state == PLACE_OPEN) {
		TRY(find_candidates(w, c));
		return choose(w, c);
	}
	if (c->place->external || c->place->state == PLACE_BROKEN)
		return NULL;
	c->difference = (struct difference){ 0 };
	TRY(code_judge(w, c, c->place->address, &ok));
	if (ok)
		return code_believe(w, c, c->place->address);
	c->place->state = PLACE_BROKEN;
	return NULL;
}

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
			TRY(order_use(w));
	} while (n_believed(w) > before);
	return NULL;
}

/* Is there anything but its own name and bytes that says it is this object's? */
static struct error *is_supported(struct work *w, const struct code *c, bool *yes)
{
	const struct code *before = order_previous(w, c), *after = order_next(w, c);
	bool ok;

	*yes = true;
	if (c->main->bind != STB_LOCAL || c->place->witnesses || (!before && !after) ||
	    (before && before->believed) || (after && after->believed))
		return NULL;
	TRY(code_judge(w, (struct code *)c, c->address, &ok));
	vec_for_each(&w->match.claims, claim) {
		const struct place *p = claim->place;

		if (p && p->section && !p->merged && !claim->external &&
		    section_is_private(p->section) &&
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

struct error *bind_solve(struct work *w, bool *again)
{
	const struct program *program = program_of(w->image);

	*again = false;
	if (w->index) {
		w->use_names = false;
		TRY(until_nothing_is_new(w));
	}
	w->use_names = true;
	TRY(until_nothing_is_new(w));
	/* Names that a match gave are proven. */
	if (program && w->image != program->image)
		return NULL;
	return find_lonely(w, again);
}

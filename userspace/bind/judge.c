// SPDX-License-Identifier: GPL-2.0-or-later
/* Judging a function at one address, and what follows from believing it. */
#include <string.h>

#include "bind/work.h"

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

struct error *code_judge(struct work *w, struct code *c, uint64_t address, bool *ok)
{
	struct difference first;

	TRY(match_section(w, c->section, address, ok));
	first = w->match.difference;
	if (!*ok && (first.kind == DIFFER_BYTES || first.kind == DIFFER_OUTSIDE) &&
	    (may_be_shorter(c->section) || c->section->align >= PADDED_TO)) {
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
		if (c->stub)
			w->stub_of[c->reloc->symbol->index] = c->stub;
		if (c->slot)
			w->slot_of[c->reloc->symbol->index] = c->slot;
		w->fields++;
		if (p->state != PLACE_OPEN)
			continue;
		p->state = PLACE_KNOWN;
		p->address = c->address;
		p->external = c->external;
		if (p->section && !p->merged && !p->code && !place_is_bugs(w, p) &&
		    !(p->section->flags & SHF_TLS))
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

struct error *code_believe(struct work *w, struct code *c, uint64_t address)
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

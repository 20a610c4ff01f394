// SPDX-License-Identifier: GPL-2.0-or-later
/* From believed matches to the placement of each symbol. */
#include "bind/binding.h"

#include <ctype.h>
#include <string.h>

#include "bind/work.h"
#include "image/program.h"

/* The image's symbol at an address: the one of that name, or else of that stem, or any. */
static const struct image_symbol *symbol_at(const struct image *img, uint64_t address,
					    const char *name)
{
	const struct image_symbol *best = image_symbol_named_at(img, name, address);
	size_t first, n = image_symbols_at(img, address, &first), stem = clone_stem(name);

	for (size_t i = first; !best && i < first + n; i++)
		if (clone_stem(img->symbols.v[i].name) == stem &&
		    !strncmp(img->symbols.v[i].name, name, stem))
			best = &img->symbols.v[i];
	return best ? best : n ? &img->symbols.v[first] : NULL;
}

/*
 * In a module, a name's position may depend on when livepatch asks: what stands in the init
 * sections is counted while the module loads, and is gone later.
 */
static bool position_changes(const struct image *img, const struct image_symbol *s)
{
	size_t first, n = image_symbols_named(img, s->name, &first), init = 0;

	if (str_equal(img->name, "vmlinux") || program_of(img))
		return false;
	for (size_t i = first; i < first + n; i++) {
		const struct image_segment *seg =
			image_segment_at(img, img->symbols.v[img->name_order.v[i]].address);

		init += seg && str_starts(seg->name, ".init");
	}
	return n > 1 && init;
}

static void put(struct work *w, struct placement *p, enum bind_how how, uint64_t address,
		const char *name)
{
	p->how = how;
	p->address = address;
	p->symbol = symbol_at(w->image, address, name);
	if (p->symbol && position_changes(w->image, p->symbol)) {
		p->how = BIND_NONE;
		p->trouble = "another symbol of this name is in the module's init sections: which "
			     "of them livepatch takes would depend on when it asks";
	}
}

/* A weak definition that gave way to another: the image has the name, as a strong one. */
static bool place_override(struct work *w, const struct symbol *s, uint64_t own, bool has_own,
			   struct placement *p)
{
	size_t first, n = image_symbols_named(w->image, s->name, &first);
	const struct image_symbol *at;

	if (s->bind != STB_WEAK || n != 1)
		return false;
	at = &w->image->symbols.v[w->image->name_order.v[first]];
	if ((has_own && at->address == own) || at->type != 'T')
		return false;
	put(w, p, BIND_NAMED, at->address, s->name);
	return true;
}

static struct error *place_function(struct work *w, const struct code *c, const struct symbol *s,
				    struct placement *p, struct bind_counts *counts)
{
	uint64_t address = c->address + s->value;
	bool shorter = c->believed && c->size < c->section->size;

	counts->functions++;
	if (place_override(w, s, address, c->believed, p)) {
		counts->overridden++;
		return NULL;
	}
	if (!c->believed) {
		p->trouble = trouble_text(w, c->section, &c->difference);
		if (!c->tried)
			p->trouble = "the image has no function of this name";
		else if (c->difference.kind == DIFFER_NOT && c->name_is_no_proof)
			p->trouble = "what is like it in the image stands alone: nothing else of "
				     "this object lies next to it";
		else if (c->difference.kind == DIFFER_NOT)
			p->trouble = "several functions of the image are like it, and nothing "
				     "tells which it is";
		return p->trouble ? NULL : error_nomem();
	}
	if (shorter && s->value > c->main->value) {
		p->trouble = "it lies behind a jump that the image has shorter";
		return NULL;
	}
	put(w, p, BIND_MATCHED, address, s->name);
	p->witnesses = c->place->witnesses;
	counts->matched++;
	counts->nameless += c->nameless;
	counts->tiny += c->fixed < ENOUGH_BYTES;
	counts->shorter += shorter;
	return NULL;
}

/* Data that no believed match refers to: by a name that only it has, and its content. */
static struct error *place_named_data(struct work *w, const struct symbol *s, struct placement *p)
{
	size_t first, n = image_symbols_named(w->image, s->name, &first);
	uint64_t address;
	bool ok;

	p->trouble = "no matched function refers to it";
	if (n != 1 || !*s->name || s->section->flags & SHF_MERGE)
		return NULL;
	address = w->image->symbols.v[w->image->name_order.v[first]].address;
	TRY(match_section(w, s->section, address - s->value, &ok));
	if (!ok) {
		p->trouble = trouble_text(w, s->section, &w->match.difference);
		return p->trouble ? NULL : error_nomem();
	}
	p->trouble = NULL;
	put(w, p, BIND_NAMED, address, s->name);
	return NULL;
}

static struct error *place_data(struct work *w, const struct symbol *s, struct placement *p)
{
	const struct place *at = s->bind == STB_WEAK ? w->by_symbol[s->index] : NULL;
	uint64_t value = 0;

	if (!at) {
		at = w->by_section[s->section->index];
		value = s->value;
	}
	if (s->section->flags & SHF_MERGE) {
		p->trouble = "it may have been merged with others like it";
		return NULL;
	}
	if (!at || at->state == PLACE_OPEN)
		return place_named_data(w, s, p);
	p->trouble = at->trouble;
	if (at->state == PLACE_BROKEN)
		return NULL;
	put(w, p, BIND_DERIVED, at->address + value, s->name);
	p->witnesses = at->witnesses;
	return NULL;
}

static struct error *place_outside(struct work *w, const struct symbol *s, struct placement *p)
{
	const struct place *at = w->by_symbol[s->index];
	const struct program *program = program_of(w->image);
	struct error *e __cleanup_error = NULL;
	size_t first;

	if (at && at->state == PLACE_KNOWN) {
		p->witnesses = at->witnesses;
		if (at->external)
			p->how = BIND_EXTERNAL;
		else
			put(w, p, BIND_DERIVED, at->address, s->name);
		return NULL;
	}
	if (program && !image_symbols_named(w->image, s->name, &first)) {
		const struct program_symbol *asked = program_symbol_named(program, s->name);

		p->trouble = "no matched function refers to it, and its name tells nothing";
		if (!asked || asked->defined)
			return NULL;
		p->trouble = NULL;
		p->how = BIND_EXTERNAL;
		return NULL;
	}
	if (!image_symbols_named(w->image, s->name, &first) &&
	    !str_equal(w->image->name, "vmlinux")) {
		p->how = BIND_EXTERNAL;
		return NULL;
	}
	e = binding_by_name(w->image, s->name, p);
	if (e) {
		p->trouble = arena_strdup(w->arena, error_message(e));
		return p->trouble ? NULL : error_nomem();
	}
	return NULL;
}

static struct error *place_symbol(struct work *w, const struct symbol *s, struct binding *b)
{
	struct placement *p = &b->placements[s->index];
	const struct place *at;

	if (!s->section) {
		if (s->shndx == SHN_UNDEF && *s->name)
			return place_outside(w, s, p);
		p->trouble = "it is no place in memory";
		return NULL;
	}
	if (!(s->section->flags & SHF_ALLOC)) {
		p->trouble = "its section is not loaded";
		return NULL;
	}
	at = w->by_section[s->section->index];
	if (at && at->code && bind_is_function(s))
		return place_function(w, at->code, s, p, &b->counts);
	if (at && at->code) {
		if (at->code->believed && at->code->size == at->code->section->size)
			put(w, p, BIND_MATCHED, at->code->address + s->value, s->name);
		else
			p->trouble = "the functions of its section are not matched";
		return NULL;
	}
	return place_data(w, s, p);
}

/* A thread's variable is where its slot says, whatever its own address. */
static void place_slot(const struct place *slot, struct placement *p)
{
	if (slot->state != PLACE_KNOWN || p->slot_type)
		return;
	p->slot = slot->address;
	p->slot_type = slot->slot_type;
	p->witnesses += slot->witnesses;
	if (p->how != BIND_NONE)
		return;
	p->how = BIND_EXTERNAL; /* the slot alone is known */
	p->trouble = NULL;
}

static struct error *place_all(struct work *w, struct binding *b)
{
	vec_for_each(&w->object->symbols, s) {
		if ((*s)->index)
			TRY(place_symbol(w, *s, b));
		b->placements[(*s)->index].stub = w->stub_of[(*s)->index];
		b->placements[(*s)->index].slot = w->slot_of[(*s)->index];
	}
	vec_for_each(&w->slots, it)
		place_slot(*it, &b->placements[(*it)->symbol->index]);
	b->counts.fields = w->fields;
	for (size_t i = 0; i < w->object->symbols.n; i++)
		b->counts.places += w->by_symbol[i] && w->by_symbol[i]->state == PLACE_KNOWN;
	for (size_t i = 0; i < w->object->sections.n; i++)
		b->counts.places += w->by_section[i] && w->by_section[i]->state == PLACE_KNOWN;
	return NULL;
}

static void work_free(struct work *w)
{
	vec_for_each(&w->codes, c)
		vec_free(&c->candidates);
	vec_free(&w->codes);
	vec_free(&w->groups);
	vec_free(&w->queue);
	vec_free(&w->slots);
	vec_free(&w->match.claims);
	hash_free(&w->pieces);
	w->fields = 0;
}

struct error *binding_compute(const struct object *before, const struct image *image,
			      const struct bind_options *opt, struct binding **out)
{
	struct binding *b __cleanup_binding = calloc(1, sizeof(*b));
	struct work w __cleanup(work_free) = { .object = before, .image = image };
	bool again;

	if (!b)
		return error_nomem();
	b->object = before;
	b->image = image;
	w.arena = &b->arena;
	w.arch = image->arch;
	w.index = opt ? opt->withhold_names : NULL;
	if (before->type != ET_REL || before->machine != image->arch->machine)
		return error_refused("%s: only relocatable objects for the image's processor can "
				     "be bound to it",
				     before->name);
	b->placements = arena_array(&b->arena, before->symbols.n, sizeof(*b->placements));
	if (!b->placements)
		return error_nomem();
	w.lonely = arena_array(&b->arena, before->sections.n, sizeof(*w.lonely));
	if (!w.lonely)
		return error_nomem();
	do {
		work_free(&w);
		TRY(bind_set_up(&w));
		TRY(bind_solve(&w, &again));
	} while (again);
	TRY(place_all(&w, b));
	*out = take(b);
	return NULL;
}

void binding_free(struct binding **b)
{
	if (!*b)
		return;
	arena_free(&(*b)->arena);
	free(*b);
	*b = NULL;
}

struct error *binding_need(const struct binding *b, const struct symbol *before,
			   const struct placement **out)
{
	const struct placement *p = &b->placements[before->index];

	if (p->how == BIND_NONE)
		return error_refused("%s has no proven place in %s: %s", before->name,
				     b->image->name,
				     p->trouble ? p->trouble : "nothing refers to it");
	*out = p;
	return NULL;
}

struct error *binding_need_function(const struct binding *b, const struct symbol *before,
				    const struct placement **out)
{
	const struct placement *p = NULL;

	TRY(binding_need(b, before, &p));
	if (p->how != BIND_MATCHED)
		return error_refused("%s: the running code is not this function but another "
				     "definition of the name",
				     before->name);
	if (!p->symbol && !b->image->arch->process)
		return error_refused("%s is in %s but has no name there by which it could be "
				     "redirected",
				     before->name, b->image->name);
	*out = p;
	return NULL;
}

struct error *binding_by_name(const struct image *image, const char *name, struct placement *out)
{
	const struct image_symbol *found = NULL;
	size_t first, n = image_symbols_named(image, name, &first), global = 0;

	for (size_t i = first; i < first + n; i++) {
		const struct image_symbol *s = &image->symbols.v[image->name_order.v[i]];

		if (!isupper((unsigned char)s->type) && !(s->type == 'w' || s->type == 'v'))
			continue;
		found = s;
		global++;
	}
	if (!n)
		return error_refused("%s: %s has no such symbol", name, image->name);
	if (!found)
		return error_refused("%s is private to another file of %s", name, image->name);
	if (global > 1)
		return error_refused("%s is ambiguous: %s has %zu of them", name, image->name,
				     global);
	*out = (struct placement){ .how = BIND_NAMED, .address = found->address, .symbol = found };
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "bind/process.h"

#include <string.h>

#include "base/cleanup.h"
#include "bind/work.h"

struct names {
	VEC(struct image_symbol) list;
};

static void names_free(struct names *n)
{
	vec_free(&n->list);
}

static char letter(const struct symbol *s)
{
	bool code = s->section->flags & SHF_EXECINSTR;

	if (s->bind == STB_LOCAL)
		return code ? 't' : 'd';
	if (s->bind == STB_WEAK)
		return code ? 'W' : 'V';
	return code ? 'T' : 'D';
}

static bool gives_name(const struct program *p, const struct symbol *s, const struct placement *at)
{
	return s->section && s->type != STT_SECTION && s->type != STT_TLS && *s->name &&
	       !str_starts(s->name, ".L") &&
	       (at->how == BIND_MATCHED || at->how == BIND_DERIVED || at->how == BIND_NAMED) &&
	       !image_symbol_named_at(p->image, s->name, at->address);
}

/* The names of the program itself, and those of what was matched. */
static struct error *collect(const struct program *p, const struct binding *exact,
			     struct names *out)
{
	vec_for_each(&p->image->symbols, s)
		TRY(vec_push(&out->list, *s));
	vec_for_each(&exact->object->symbols, it) {
		const struct placement *at = &exact->placements[(*it)->index];

		if (!gives_name(p, *it, at))
			continue;
		TRY(vec_push(&out->list, (struct image_symbol){ .address = at->address,
								.size = (*it)->size,
								.name = (*it)->name,
								.type = letter(*it) }));
	}
	return NULL;
}

static void count(const struct process_binding *b, bool weak, size_t *found, size_t *of);

/*
 * Not all of the unit is as it was compiled then: a header of another package had another version,
 * say. Its functions are looked for one by one; most must be there, or it is another unit that is
 * like it.
 */
static struct error *bind_pieces(const struct object *before, const struct program *p,
				 const struct bind_options *opt, struct process_binding *b)
{
	struct process_binding pieces __cleanup_process_binding = { 0 };
	size_t found, of;

	count(b, false, &found, &of);
	if (found || !of)
		return NULL;
	TRY(binding_compute(before, p->image, opt, &pieces.exact));
	count(&pieces, false, &found, &of);
	if (2 * found <= of)
		return NULL;
	binding_free(&b->exact);
	b->exact = take(pieces.exact);
	return NULL;
}

struct error *process_bind(const struct object *exact, const struct object *before,
			   const struct program *p, const struct text_index *index,
			   struct process_binding *out)
{
	struct bind_options opt = { .withhold_names = index };
	struct process_binding b __cleanup_process_binding = { 0 };
	struct names names __cleanup(names_free) = { 0 };

	TRY(binding_compute(exact, p->image, &opt, &b.exact));
	TRY(bind_pieces(before, p, &opt, &b));
	TRY(collect(p, b.exact, &names));
	TRY(program_with_names(p, names.list.v, names.list.n, &b.named));
	TRY(binding_compute(before, b.named, NULL, &b.before));
	*out = b;
	b = (struct process_binding){ 0 };
	return NULL;
}

void process_binding_free(struct process_binding *b)
{
	binding_free(&b->before);
	binding_free(&b->exact);
	image_free(&b->named);
}

static void count(const struct process_binding *b, bool weak, size_t *found, size_t *of)
{
	*found = *of = 0;
	vec_for_each(&b->exact->object->symbols, it) {
		if (!bind_is_function(*it) || (*it)->size < ENOUGH_BYTES ||
		    ((*it)->bind == STB_WEAK) != weak)
			continue;
		++*of;
		*found += b->exact->placements[(*it)->index].how == BIND_MATCHED;
	}
}

void process_binding_found(const struct process_binding *b, size_t *found, size_t *of)
{
	count(b, false, found, of);
	/* Weak ones may be another unit's, of a header that both include. */
	if (!*of)
		count(b, true, found, of);
}

bool process_binding_tells(const struct object *exact)
{
	vec_for_each(&exact->symbols, it)
		if (bind_is_function(*it) && (*it)->size >= ENOUGH_BYTES && (*it)->bind != STB_WEAK)
			return true;
	return false;
}

static bool has_function_at(const struct process_binding *b, uint64_t address)
{
	vec_for_each(&b->exact->object->symbols, it) {
		const struct placement *p = &b->exact->placements[(*it)->index];

		if (bind_is_function(*it) && p->how == BIND_MATCHED && p->address == address)
			return true;
	}
	return false;
}

bool process_binding_shares(const struct process_binding *a, const struct process_binding *b)
{
	vec_for_each(&a->exact->object->symbols, it) {
		const struct placement *p = &a->exact->placements[(*it)->index];

		if (bind_is_function(*it) && (*it)->size >= ENOUGH_BYTES &&
		    p->how == BIND_MATCHED && has_function_at(b, p->address))
			return true;
	}
	return false;
}

const char *process_binding_trouble(const struct process_binding *b, const struct symbol *before)
{
	const struct symbol *s =
		*before->name ? object_symbol(b->exact->object, before->name) : NULL;
	const struct placement *p = s ? &b->exact->placements[s->index] : NULL;

	return p && p->how == BIND_NONE ? p->trouble : NULL;
}

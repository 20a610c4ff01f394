// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/extras.h"

#include <string.h>

#include "kmod/payload/records.h"

const char *extras_callback_name(enum record_callback c)
{
	static const char *const names[RECORD_CALLBACKS] = {
		[RECORD_PRE_PATCH] = "pre_patch",
		[RECORD_POST_PATCH] = "post_patch",
		[RECORD_PRE_UNPATCH] = "pre_unpatch",
		[RECORD_POST_UNPATCH] = "post_unpatch",
	};

	return c < RECORD_CALLBACKS ? names[c] : "unknown";
}

static struct error *no_sense(const char *source, const struct section *s)
{
	return error_refused("%s: what is in section %s makes no sense: use the macros of "
			     "suture/patch.h",
			     source, s->name);
}

/* Its counterpart in the module, at its very start. */
static struct error *callback(const struct livepatch_part *p, const struct merge_input *in,
			      const struct reloc *r, struct symbol **out)
{
	struct symbol *s = r->symbol;

	if (s->section && s->type == STT_SECTION)
		s = section_symbol_at(s->section, (uint64_t)r->addend);
	else if (r->addend)
		s = NULL;
	if (!s || !s->section || s->type != STT_FUNC || !in->symbols[s->index])
		return error_advise(error_refused("%s: %s is a callback, but not a function that "
						  "the fix adds",
						  p->unit->source, r->symbol->name),
				    "write a new function that calls it");
	*out = in->symbols[s->index];
	return NULL;
}

static struct error *add_set(const struct livepatch_part *p, const struct section *s, uint64_t at,
			     struct extras *out)
{
	struct suture_callbacks_said said;

	memcpy(&said, s->bytes + at, sizeof(said));
	if (said.line > UINT32_MAX)
		return no_sense(p->unit->source, s);
	return vec_push(&out->sets,
			(struct record_set){ .object = p->unit->module, .line = said.line });
}

static struct error *read_sets(const struct livepatch_part *p, const struct merge_input *in,
			       const struct section *s, struct extras *out)
{
	const uint64_t size = sizeof(struct suture_callbacks_said);
	size_t first = out->sets.n;

	if (s->size % size || !s->bytes)
		return no_sense(p->unit->source, s);
	for (uint64_t at = 0; at < s->size; at += size)
		TRY(add_set(p, s, at, out));
	vec_for_each(&s->relocs, r) {
		struct record_set *set = &out->sets.v[first + r->offset / size];
		uint64_t which = r->offset % size / 8;

		if (r->type != R_X86_64_64 || r->offset % 8 || which >= RECORD_CALLBACKS)
			return no_sense(p->unit->source, s);
		TRY(callback(p, in, r, &set->function[which]));
	}
	return NULL;
}

/* Those of one part, by their lines. */
static void sort_sets(struct extras *x, size_t first)
{
	struct record_set *v = x->sets.v;

	for (size_t i = first + 1; i < x->sets.n; i++)
		for (size_t k = i; k > first && v[k - 1].line > v[k].line; k--) {
			struct record_set t = v[k];

			v[k] = v[k - 1];
			v[k - 1] = t;
		}
}

static struct error *add_state(struct extras *x, const struct suture_state_record *r)
{
	vec_for_each(&x->states, have) {
		if (have->id != r->id)
			continue;
		if (r->version > have->version)
			have->version = r->version;
		return NULL;
	}
	return vec_push(&x->states, (struct record_state){ r->id, r->version });
}

static struct error *read_states(const struct livepatch_part *p, const struct section *s,
				 struct extras *out)
{
	struct suture_state_record r;

	if (s->size % sizeof(r) || !s->bytes || s->relocs.n)
		return no_sense(p->unit->source, s);
	for (uint64_t at = 0; at < s->size; at += sizeof(r)) {
		memcpy(&r, s->bytes + at, sizeof(r));
		if (!r.id || r.version > UINT32_MAX)
			return no_sense(p->unit->source, s);
		TRY(add_state(out, &r));
	}
	return NULL;
}

struct error *extras_read(const struct livepatch_part *p, const struct merge_input *in,
			  struct extras *out)
{
	size_t first = out->sets.n;

	vec_for_each(&p->extraction->object->sections, it) {
		if (str_equal((*it)->name, SUTURE_CALLBACKS_SECTION))
			TRY(read_sets(p, in, *it, out));
		else if (str_equal((*it)->name, SUTURE_STATES_SECTION))
			TRY(read_states(p, *it, out));
	}
	sort_sets(out, first);
	return NULL;
}

void extras_free(struct extras *e)
{
	vec_free(&e->sets);
	vec_free(&e->states);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The glue (kmod/payload) as inputs of the merge: see work.h. */
#include "livepatch/work.h"

bool link_at_load(const struct link *l, const char *object)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->parts[i].at_load && str_equal(l->parts[i].unit->module, object))
			return true;
	return false;
}

static bool any_module(const struct link *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (!str_equal(l->parts[i].unit->module, "vmlinux"))
			return true;
	return false;
}

static bool any_at_load(const struct link *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->parts[i].at_load)
			return true;
	return false;
}

static size_t add_input(struct link *l, const struct object *o)
{
	l->merge.inputs[l->merge.n] = (struct merge_input){ .object = o, .patched = "vmlinux" };
	return l->merge.n++;
}

struct error *link_glue_list(struct link *l)
{
	const struct payload *p = l->from->payload;

	add_input(l, p->object);
	/* Where the kernel undoes relocations, it does not for a module that is not let in. */
	if (p->reload && any_module(l) && (!p->clears || any_at_load(l)))
		l->reload = add_input(l, p->reload);
	if (any_at_load(l)) {
		if (!p->at_load)
			return error_failed("the module glue for this target lacks a part");
		l->at_load = add_input(l, p->at_load);
	}
	if (!l->constants.list.n)
		return NULL;
	if (!p->constants)
		return error_refused("the patch has runtime constants, which this kernel has not");
	l->fill_constants = add_input(l, p->constants);
	return NULL;
}

static struct error *resolve_symbol(struct link *l, const struct records *r, const char *name,
				    struct symbol **out)
{
	const struct {
		const char *name;
		struct symbol *symbol;
	} tables[] = {
		{ "suture_patch", r->patch },	      { "suture_targets", r->objects },
		{ "suture_funcs", r->funcs },	      { "suture_sets", r->sets },
		{ "suture_states", r->states },	      { "suture_late", r->late },
		{ "suture_constants", r->constants }, { "suture_written", r->written },
	};
	struct livepatch_reference found;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		if (!str_equal(name, tables[i].name))
			continue;
		*out = tables[i].symbol;
		return NULL;
	}
	TRY(reference_for_glue(&l->naming, l->parts[0].vmlinux, name, &found));
	return link_symbol(l, &found, out);
}

struct error *link_glue_resolve(struct link *l, const struct records *r)
{
	for (size_t i = l->n; i < l->merge.n; i++) {
		struct merge_input *in = &l->merge.inputs[i];

		vec_for_each(&in->object->symbols, it)
			if ((*it)->index && (*it)->shndx == SHN_UNDEF)
				TRY(resolve_symbol(l, r, (*it)->name, &in->outside[(*it)->index]));
	}
	return NULL;
}

/* In the module, what a part of the glue defines under this name. */
static struct error *defined_in(const struct link *l, size_t input, const char *name,
				struct symbol **out)
{
	const struct merge_input *in = &l->merge.inputs[input];
	const struct symbol *s = object_symbol(in->object, name);

	*out = s ? in->symbols[s->index] : NULL;
	return *out ? NULL : error_failed("the module glue has no %s", name);
}

static struct error *fill_constants(struct link *l, const struct records *r)
{
	struct symbol *fill;

	TRY(defined_in(l, l->fill_constants, "suture_fill_constants", &fill));
	vec_for_each(&l->constants.list, c)
		for (size_t i = 0; i < c->n_sources; i++)
			TRY(link_symbol(l, &c->sources[i].function, &c->sources[i].symbol));
	TRY(constants_fill(&l->merge, &l->constants, r->constants_section));
	return records_set_fill(r, fill);
}

struct error *link_glue_fill(struct link *l, const struct records *r)
{
	struct symbol *s;

	if (l->reload) {
		TRY(defined_in(l, l->reload, "suture_forget", &s));
		TRY(records_fill_late(l->merge.out, r, s));
	}
	if (l->at_load) {
		TRY(defined_in(l, l->at_load, "suture_at_load_calls", &s));
		TRY(records_set_at_load(r, s));
	}
	return l->fill_constants ? fill_constants(l, r) : NULL;
}

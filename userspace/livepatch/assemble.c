// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The parts and the glue become one object (merge.c); every outside reference gets its name
 * (reference.c); the tables for the glue and for the loader are added; the whole is checked.
 */
#include "livepatch/assemble.h"

#include <stdlib.h>
#include <string.h>

#include "livepatch/check.h"
#include "livepatch/constants.h"
#include "livepatch/cut.h"
#include "livepatch/debug_info.h"
#include "livepatch/depends.h"
#include "livepatch/extras.h"
#include "livepatch/indirect.h"
#include "livepatch/klp.h"
#include "livepatch/merge.h"
#include "livepatch/modinfo.h"
#include "livepatch/records.h"
#include "livepatch/reference.h"
#include "livepatch/work.h"
#include "livepatch/written.h"

static void link_free(struct link *l)
{
	image_exports_free(&l->exports);
	merge_free(&l->merge);
	hash_free(&l->by_name);
	hash_free(&l->inside);
	extras_free(&l->extras);
	constants_free(&l->constants);
	livepatch_account_free(&l->account);
}

/* --- what one part newly defines for the others ------------------------------ */

static char *inside_key(struct link *l, const struct livepatch_part *p, const char *name)
{
	return arena_printf(&l->merge.arena, "%s %s", p->unit->module, name);
}

static bool replaces(const struct extraction *x, const struct symbol *s)
{
	vec_for_each(&x->replacements, r)
		if (r->new == s)
			return true;
	return false;
}

static struct error *offer_inside(struct link *l, size_t part)
{
	const struct extraction *x = l->parts[part].extraction;

	vec_for_each(&x->object->symbols, it) {
		const struct symbol *s = *it;
		char *key;

		if (!s->section || s->bind == STB_LOCAL || replaces(x, s))
			continue;
		key = inside_key(l, &l->parts[part], s->name);
		if (!key)
			return error_nomem();
		if (hash_get(&l->inside, key))
			return error_refused("%s is new in two of the patch's objects", s->name);
		TRY(hash_put(&l->inside, key, (uint64_t)part << 32 | s->index));
	}
	return NULL;
}

/* What the glue offers to a fix's own C (suture/patch.h), under names that begin like its own. */
static char *glue_key(struct link *l, const char *name)
{
	return arena_printf(&l->merge.arena, "* %s", name);
}

static struct error *offer_glue(struct link *l)
{
	vec_for_each(&l->from->payload->object->symbols, it) {
		const struct symbol *s = *it;
		char *key;

		if (!s->section || s->bind == STB_LOCAL || !str_starts(s->name, "suture_"))
			continue;
		key = glue_key(l, s->name);
		if (!key)
			return error_nomem();
		TRY(hash_put(&l->inside, key, (uint64_t)l->n << 32 | s->index));
	}
	return NULL;
}

/* Whether what the patch adds to this object is there whenever code of the part runs. */
static bool may_use(const struct livepatch_part *p, const char *object)
{
	return str_equal(object, "vmlinux") || module_depends_on(p->binding->image, object);
}

static struct error *find_in_others(struct link *l, const struct livepatch_part *p,
				    const char *name, uint64_t **out)
{
	for (size_t i = 0; i < l->n && !*out; i++) {
		char *key = inside_key(l, &l->parts[i], name);

		if (!key)
			return error_nomem();
		if (may_use(p, l->parts[i].unit->module))
			*out = hash_get(&l->inside, key);
	}
	return NULL;
}

/*
 * Where something new of that name is: in another part of the object, in the glue, or in a
 * part of an object that this one may use; *out NULL if nowhere.
 */
static struct error *find_inside(struct link *l, const struct livepatch_part *p, const char *name,
				 uint64_t **out)
{
	char *key = inside_key(l, p, name), *of_glue = glue_key(l, name);

	if (!key || !of_glue)
		return error_nomem();
	*out = hash_get(&l->inside, key);
	if (!*out)
		*out = hash_get(&l->inside, of_glue);
	return *out ? NULL : find_in_others(l, p, name, out);
}

/* --- outside references ------------------------------------------------------- */

static struct error *own_names(struct link *l, struct livepatch_reference *r)
{
	r->object = arena_strdup(&l->account->arena, r->object);
	r->name = arena_strdup(&l->account->arena, r->name);
	return r->object && r->name ? NULL : error_nomem();
}

struct error *link_symbol(struct link *l, const struct livepatch_reference *found,
			  struct symbol **out)
{
	char *name = reference_symbol_name(&l->naming, found);
	struct livepatch_reference *r = arena_dup(&l->account->arena, found, sizeof(*found));
	uint64_t *at;

	if (!name || !r)
		return error_nomem();
	at = hash_get(&l->by_name, name);
	if (at) {
		*out = (struct symbol *)(uintptr_t)*at;
		return NULL;
	}
	TRY(own_names(l, r));
	if (r->named == LIVEPATCH_SYMBOL)
		TRY(klp_symbol(l->merge.out, name, r, out));
	else
		TRY(object_add_symbol(l->merge.out, name, STT_NOTYPE, STB_GLOBAL, NULL, 0, 0, out));
	TRY(hash_put(&l->by_name, name, (uint64_t)(uintptr_t)*out));
	return vec_push(&l->account->references, *r);
}

static struct error *resolve(struct link *l, const struct livepatch_part *p,
			     const struct outside *o, struct livepatch_reference *out)
{
	uint64_t *at = NULL;

	if (!o->before)
		TRY(find_inside(l, p, o->symbol->name, &at));
	if (at) {
		*out = (struct livepatch_reference){ .named = LIVEPATCH_INSIDE,
						     .object = "",
						     .name = o->symbol->name };
		return NULL;
	}
	return reference_resolve(&l->naming, p, o, out);
}

static struct error *resolve_part(struct link *l, size_t i)
{
	const struct livepatch_part *p = &l->parts[i];
	struct arena *a = &l->merge.arena;

	l->references[i] =
		arena_array(a, p->extraction->object->symbols.n, sizeof(**l->references));
	if (!l->references[i])
		return error_nomem();
	vec_for_each(&p->extraction->outside, o) {
		struct livepatch_reference *r = arena_new(a, struct livepatch_reference);

		if (!r)
			return error_nomem();
		TRY_CONTEXT(resolve(l, p, o, r), "%s", p->unit->source);
		if (r->named != LIVEPATCH_INSIDE)
			TRY_CONTEXT(indirect_check(p, o, r), "%s", p->unit->source);
		l->references[i][o->symbol->index] = r;
	}
	return NULL;
}

static struct error *resolve_parts(struct link *l)
{
	l->references = arena_array(&l->merge.arena, l->n, sizeof(*l->references));
	if (!l->references)
		return error_nomem();
	for (size_t i = 0; i < l->n; i++)
		TRY(offer_inside(l, i));
	TRY(offer_glue(l));
	for (size_t i = 0; i < l->n; i++)
		TRY(resolve_part(l, i));
	return NULL;
}

/* What another part, or the glue, defines newly. */
static struct error *symbol_inside(struct link *l, const struct livepatch_part *p, const char *name,
				   struct symbol **out)
{
	uint64_t *at = NULL;

	TRY(find_inside(l, p, name, &at));
	if (!at)
		return error_failed("%s was there, and is gone", name);
	*out = l->merge.inputs[*at >> 32].symbols[(uint32_t)*at];
	return NULL;
}

/* --- the sections --------------------------------------------------------------- */

static struct error *list_inputs(struct link *l)
{
	struct merge *m = &l->merge;

	m->inputs = arena_array(&m->arena, l->n + LINK_GLUE_PARTS, sizeof(*m->inputs));
	if (!m->inputs)
		return error_nomem();
	for (m->n = 0; m->n < l->n; m->n++) {
		m->inputs[m->n].object = l->parts[m->n].extraction->object;
		m->inputs[m->n].patched = l->parts[m->n].unit->module;
	}
	return link_glue_list(l);
}

static struct error *place(struct link *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		TRY(constants_find(&l->naming, &l->parts[i], i, &l->constants));
	TRY(list_inputs(l));
	for (size_t i = 0; i < l->n; i++)
		TRY_CONTEXT(cut_module_keys(l->references[i], l->parts[i].extraction->object,
					    &l->merge.inputs[i], l->account),
			    "%s", l->parts[i].unit->source);
	TRY(object_new(name, l->from->payload->object->machine, &l->merge.out));
	return merge_place(&l->merge);
}

/* The module's symbol for each outside reference of a part. */
static struct error *make_symbols(struct link *l, size_t i)
{
	struct merge_input *in = &l->merge.inputs[i];

	vec_for_each(&l->parts[i].extraction->outside, o) {
		const struct livepatch_reference *r = l->references[i][o->symbol->index];

		if (!merge_uses(in, o->symbol))
			continue;
		if (r->named == LIVEPATCH_INSIDE)
			TRY(symbol_inside(l, &l->parts[i], r->name,
					  &in->outside[o->symbol->index]));
		else
			TRY(link_symbol(l, r, &in->outside[o->symbol->index]));
	}
	return NULL;
}

/* --- functions ---------------------------------------------------------------- */

static int by_object(const void *a, const void *b)
{
	const struct livepatch_function *x = a, *y = b;
	int c = objects_compare(x->object, y->object);

	if (!c)
		c = (x->part > y->part) - (x->part < y->part);
	if (!c)
		c = (x->new->index > y->new->index) - (x->new->index < y->new->index);
	return c;
}

static struct error *list_functions(struct link *l)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct livepatch_part *p = &l->parts[i];

		vec_for_each(&p->extraction->replacements, r) {
			struct livepatch_reference found;

			TRY_CONTEXT(reference_old_function(&l->naming, p, r, &found), "%s",
				    p->unit->source);
			TRY(own_names(l, &found));
			TRY(vec_push(&l->account->functions,
				     (struct livepatch_function){ .object = found.object,
								  .name = found.name,
								  .sympos = found.sympos,
								  .address = found.address,
								  .part = i,
								  .old = r->old,
								  .new = r->new }));
		}
	}
	vec_sort(&l->account->functions, by_object);
	return NULL;
}

/* --- the whole ---------------------------------------------------------------- */

static int by_string(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The namespaces of the exported symbols in use, each once. */
static struct error *name_spaces(struct link *l, const char ***out, size_t *n)
{
	const char **all = arena_array(&l->merge.arena, l->account->references.n + 1, sizeof(*all));
	size_t found = 0, kept = 0;

	if (!all)
		return error_nomem();
	vec_for_each(&l->account->references, r) {
		const struct exported *e = r->named == LIVEPATCH_EXPORT
						   ? symvers_find(l->from->symvers, r->name)
						   : NULL;

		if (e && *e->name_space)
			all[found++] = e->name_space;
	}
	if (found)
		qsort(all, found, sizeof(*all), by_string);
	for (size_t i = 0; i < found; i++)
		if (!kept || strcmp(all[kept - 1], all[i]))
			all[kept++] = all[i];
	*out = all;
	*n = kept;
	return NULL;
}

static struct error *add_loader_tables(struct link *l, const char *name)
{
	struct object *o = l->merge.out;
	const char **spaces = NULL;
	size_t n = 0;

	TRY(name_spaces(l, &spaces, &n));
	TRY(modinfo_add(o, l->from->payload, name, spaces, n));
	TRY(modinfo_name_module(o, &l->from->payload->layout, name));
	TRY(modinfo_add_versions(o, &l->from->payload->layout, l->from->symvers));
	TRY(check_loadable(o));
	return modinfo_add_build_id(o, l->account->build_id);
}

static int by_reference(const void *a, const void *b)
{
	const struct livepatch_reference *x = a, *y = b;
	int c = strcmp(x->object, y->object);

	if (!c)
		c = strcmp(x->name, y->name);
	return c ? c : (x->sympos > y->sympos) - (x->sympos < y->sympos);
}

static struct error *link_parts(struct link *l)
{
	struct records records = { 0 };

	for (size_t i = 0; i < l->n; i++)
		TRY_CONTEXT(written_add(&l->parts[i]), "%s", l->parts[i].unit->source);
	TRY(resolve_parts(l));
	TRY(place(l, l->request->name));
	for (size_t i = 0; i < l->n; i++)
		TRY(make_symbols(l, i));
	TRY(list_functions(l));
	TRY(link_extras(l));
	TRY(link_records(l, &records));
	TRY(link_glue_resolve(l, &records));
	TRY(merge_relocate(&l->merge));
	TRY(link_glue_fill(l, &records));
	vec_sort(&l->account->references, by_reference);
	TRY(add_loader_tables(l, l->request->name));
	return debug_info_make(&l->merge, l->parts, l->n, &l->account->debug);
}

struct error *assemble(const struct assemble_from *from, const struct livepatch_request *request,
		       const struct livepatch_part *parts, size_t n_parts, struct object **out,
		       struct livepatch_account **account)
{
	const struct suture_layout_record *layout = &from->payload->layout;
	struct link l __cleanup(
		link_free) = { .from = from, .request = request, .parts = parts, .n = n_parts };

	if (!n_parts)
		return error_new(ERROR_NOTHING, "there is nothing to link");
	l.account = calloc(1, sizeof(*l.account));
	if (!l.account)
		return error_nomem();
	l.naming = (struct naming){
		.symvers = from->symvers,
		.exports = &l.exports,
		.modules = from->modules,
		.export_name_max = layout->version_size
					   ? layout->version_size - layout->version_name_offset
					   : SIZE_MAX,
		.arena = &l.account->arena,
	};
	TRY(image_exports_read(parts[0].vmlinux, &l.exports));
	TRY(link_parts(&l));
	*out = take(l.merge.out);
	*account = take(l.account);
	return NULL;
}

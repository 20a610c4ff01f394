// SPDX-License-Identifier: GPL-2.0-or-later
/* Laying out the parts, and the functions that are redirected. */
#include "hotpatch/link.h"

#include <stdlib.h>
#include <string.h>

#include "hotpatch/link_work.h"
#include "hotpatch/object_file.h"

#define JUMP 5 /* bytes of the redirect */

static void link_free(struct link *l)
{
	for (size_t i = 0; l->laid && i < l->n; i++)
		free(l->laid[i]);
	free(l->laid);
	for (unsigned int i = 0; i < HOTPATCH_PARTS; i++)
		strbuf_free(&l->bytes[i]);
	vec_free(&l->owned);
	hash_free(&l->globals);
}

void hotpatch_account_free(struct hotpatch_account *a)
{
	vec_free(&a->references);
	vec_free(&a->functions);
}

/* --- layout -------------------------------------------------------------------------- */

struct error *link_put(struct link *l, enum hotpatch_part_kind part, const void *bytes, uint64_t n,
		       uint64_t align, uint64_t *at)
{
	static const uint8_t trap = 0xcc, zero;
	struct strbuf *b = &l->bytes[part];

	align = align ? align : 1;
	while (b->n % align)
		TRY(strbuf_add(b, part == HOTPATCH_CODE ? &trap : &zero, 1));
	*at = b->n;
	if (bytes)
		TRY(strbuf_add(b, bytes, n));
	for (uint64_t i = 0; !bytes && i < n; i++)
		TRY(strbuf_add(b, &zero, 1));
	l->align[part] = align > l->align[part] ? align : l->align[part];
	l->size[part] = b->n;
	return NULL;
}

static enum hotpatch_part_kind part_of(const struct section *s)
{
	if (s->flags & SHF_EXECINSTR)
		return HOTPATCH_CODE;
	if (s->flags & SHF_WRITE && !str_starts(s->name, ".data.rel.ro"))
		return HOTPATCH_DATA;
	return HOTPATCH_CONST;
}

static struct error *lay_section(struct link *l, size_t u, const struct section *s, bool zeroes)
{
	struct laid *to = &l->laid[u][s->index];

	if (!(s->flags & SHF_ALLOC) || !s->size || (s->type == SHT_NOBITS) != zeroes)
		return NULL;
	if (s->flags & SHF_TLS)
		return error_refused("%s: new variables of threads have no place in a program "
				     "that runs",
				     l->units[u].source);
	to->is_there = true;
	to->part = part_of(s);
	if (!zeroes || to->part != HOTPATCH_DATA)
		return link_put(l, to->part, s->bytes, s->size, s->align, &to->offset);
	/* Zeroes behind everything else take no room in the file. */
	l->size[HOTPATCH_DATA] = (l->size[HOTPATCH_DATA] + s->align - 1) / s->align * s->align;
	to->offset = l->size[HOTPATCH_DATA];
	l->size[HOTPATCH_DATA] += s->size;
	if (s->align > l->align[HOTPATCH_DATA])
		l->align[HOTPATCH_DATA] = s->align;
	return NULL;
}

static struct error *lay_all(struct link *l, bool zeroes)
{
	for (size_t u = 0; u < l->n; u++)
		vec_for_each(&l->units[u].extraction->object->sections, s)
			TRY(lay_section(l, u, *s, zeroes));
	return NULL;
}

static struct error *note_globals(struct link *l)
{
	for (size_t u = 0; u < l->n; u++)
		vec_for_each(&l->units[u].extraction->object->symbols, it) {
			const struct symbol *s = *it;

			if (!s->section || s->bind != STB_GLOBAL || hash_get(&l->globals, s->name))
				continue;
			TRY(hash_put(&l->globals, s->name, (uint64_t)u << 32 | s->index));
		}
	return NULL;
}

/* --- fields -------------------------------------------------------------------------- */

struct error *link_reference(struct link *l, enum hotpatch_part_kind part, uint64_t offset,
			     uint32_t type, const struct spot *to, int64_t addend)
{
	struct hotpatch_reference r = { .part = part,
					.offset = offset,
					.type = type,
					.to = to->to,
					.to_part = to->part,
					.to_offset = to->offset,
					.addend = addend };

	if (to->symbol) {
		r.symbol = arena_strdup(&l->o->arena, to->symbol);
		r.version = to->version ? arena_strdup(&l->o->arena, to->version) : NULL;
		if (!r.symbol || (to->version && !r.version))
			return error_nomem();
	}
	return vec_push(&l->o->references, r);
}

static struct error *link_fields(struct link *l)
{
	for (size_t u = 0; u < l->n; u++)
		vec_for_each(&l->units[u].extraction->object->sections, it) {
			const struct section *s = *it;

			if (!l->laid[u][s->index].is_there)
				continue;
			vec_for_each(&s->relocs, r)
				TRY_CONTEXT(link_field(l, u, s, r), "%s", l->units[u].source);
		}
	return NULL;
}

/* --- functions ----------------------------------------------------------------------- */

/* The function that is redirected at that address already, or NULL. */
static const struct hotpatch_account_function *redirected_at(const struct link *l, uint64_t address)
{
	vec_for_each(&l->account->functions, f)
		if (f->address == address)
			return f;
	return NULL;
}

/* Another name of the same function, in the object itself. */
static bool is_alias(const struct object *o, const struct symbol *old, const char *name, size_t n)
{
	vec_for_each(&o->symbols, at) {
		const struct symbol *s = *at;

		if (s->section == old->section && s->value == old->value && strlen(s->name) == n &&
		    !memcmp(s->name, name, n))
			return true;
	}
	return false;
}

static struct error *folded(const struct symbol *old, const char *other)
{
	return error_advise(error_refused("%s() and %s() are one function in the program: the "
					  "linker has folded identical code",
					  old->name, other),
			    "what calls the one can't be told from what calls the other");
}

/*
 * Where the program has names, they tell of functions that the linker has folded as identical code:
 * one jump would change the others, too. Without any, two that are alike are not placed at all, if
 * both are of touched units.
 */
static struct error *check_names(const struct link *l, size_t u, const struct symbol *old,
				 uint64_t address)
{
	const struct image *img = l->program->image;
	size_t first, n = image_symbols_at(img, address, &first), own = 0;

	for (size_t i = first; i < first + n; i++) {
		const struct image_symbol *s = &img->symbols.v[i];
		size_t length = strcspn(s->name, "@"); /* of a version */

		/* What has no size is a mark. */
		if (s->size && !is_alias(l->units[u].binding->before->object, old, s->name, length))
			return folded(old, s->name);
		own += s->size && str_equal(s->name, old->name);
	}
	return own > 1 ? folded(old, "another of that name") : NULL;
}

/*
 * Two functions of the source at one address: another name of it, or an inline function that
 * several units emit and the linker took once. All else it has folded.
 */
static struct error *check_folded(const struct link *l, size_t u, const struct symbol *old,
				  const struct hotpatch_account_function *other)
{
	const struct symbol *before = other->old;
	bool alias = other->unit == u && is_alias(l->units[u].binding->before->object, old,
						  before->name, strlen(before->name));

	if (alias || (str_equal(before->name, old->name) && before->bind != STB_LOCAL &&
		      old->bind != STB_LOCAL))
		return NULL;
	return folded(old, before->name);
}

/* How long the program's own is: ours may have longer jumps. */
static uint64_t size_in_program(const struct link *l, const struct placement *p,
				const struct symbol *old)
{
	vec_for_each(&l->program->extents, x)
		if (x->at == p->address)
			return x->size;
	return p->symbol && p->symbol->size ? p->symbol->size : old->size;
}

static struct error *need_old(const struct hotpatch_unit *u, const struct symbol *old,
			      const struct placement **p)
{
	const char *trouble = process_binding_trouble(u->binding, old);

	if (u->binding->before->placements[old->index].how == BIND_NONE && trouble)
		return error_refused("%s is not in the program as it was built: %s", old->name,
				     trouble);
	return binding_need_function(u->binding->before, old, p);
}

bool link_may_be_on_stack(const struct link *l, const char *function)
{
	for (size_t i = 0; i < l->request->n_on_stack; i++)
		if (str_equal(l->request->on_stack[i], function))
			return true;
	return false;
}

static struct error *redirect(struct link *l, size_t u, const struct replacement *r)
{
	const struct laid *at = &l->laid[u][r->new->section->index];
	struct hotpatch_function f = { .fresh = at->offset + r->new->value,
				       .fresh_size = r->new->size };
	const struct hotpatch_account_function *other;
	const struct placement *p = NULL;

	TRY(need_old(&l->units[u], r->old, &p));
	other = redirected_at(l, p->address);
	if (other)
		return check_folded(l, u, r->old, other);
	TRY(check_names(l, u, r->old, p->address));
	f.name = arena_strdup(&l->o->arena, r->old->name);
	f.old = p->address;
	f.may_be_on_stack = link_may_be_on_stack(l, r->old->name);
	f.size = size_in_program(l, p, r->old);
	f.bytes = image_bytes(l->program->image, f.old, f.size);
	if (!f.bytes)
		return error_refused("%s: the program has no bytes for it", r->old->name);
	f.bytes = arena_dup(&l->o->arena, f.bytes, f.size);
	if (!f.name || !f.bytes)
		return error_nomem();
	f.room = f.size + program_padding(l->program, f.old + f.size);
	if (f.room < JUMP)
		return error_refused("%s() has %lu bytes, too few for a jump", r->old->name,
				     (unsigned long)f.room);
	TRY(vec_push(&l->account->functions,
		     (struct hotpatch_account_function){ u, r->old, r->new, f.old, f.size }));
	return vec_push(&l->o->functions, f);
}

static int by_address(const void *a, const void *b)
{
	const struct hotpatch_function *x = a, *y = b;

	return x->old < y->old ? -1 : x->old > y->old;
}

static int by_account(const void *a, const void *b)
{
	const struct hotpatch_account_function *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

static struct error *redirect_all(struct link *l)
{
	for (size_t u = 0; u < l->n; u++)
		vec_for_each(&l->units[u].extraction->replacements, r)
			TRY_CONTEXT(redirect(l, u, r), "%s", l->units[u].source);
	vec_sort(&l->o->functions, by_address);
	vec_sort(&l->account->functions, by_account);
	return NULL;
}

static struct error *name_functions(struct link *l)
{
	for (size_t u = 0; u < l->n; u++)
		vec_for_each(&l->units[u].extraction->object->symbols, it) {
			const struct symbol *s = *it;
			struct hotpatch_symbol to = { .size = s->size };

			if (s->type != STT_FUNC || !s->section ||
			    !l->laid[u][s->section->index].is_there)
				continue;
			to.name = arena_strdup(&l->o->arena, s->name);
			to.offset = l->laid[u][s->section->index].offset + s->value;
			if (!to.name)
				return error_nomem();
			TRY(vec_push(&l->o->symbols, to));
		}
	return NULL;
}

static void find_hooks(struct hotpatch_object *o)
{
	const struct {
		const char *name, **to;
	} hooks[] = { { "suture_pre_apply", &o->pre_apply },
		      { "suture_post_apply", &o->post_apply },
		      { "suture_pre_revert", &o->pre_revert },
		      { "suture_post_revert", &o->post_revert } };

	vec_for_each(&o->symbols, s)
		for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
			if (str_equal(s->name, hooks[i].name))
				*hooks[i].to = s->name;
}

/* --- the whole ----------------------------------------------------------------------- */

static int by_field(const void *a, const void *b)
{
	const struct hotpatch_reference *x = a, *y = b;

	if (x->part != y->part)
		return x->part < y->part ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* What a reference fills in is zero until then. */
static void clear_fields(struct link *l)
{
	vec_for_each(&l->o->references, r)
		memset(l->bytes[r->part].s + r->offset, 0, hotpatch_field_size(r->type));
}

/*
 * Do exceptions come through it? In C++ through any function; in C only where it is compiled for
 * that, with a personality.
 */
static bool is_unwound(const struct hotpatch_unit *u)
{
	static const char *const suffixes[] = {
		".cc", ".cpp", ".cxx", ".c++", ".C", ".CPP", ".cp"
	};
	const struct object *before = u->binding->before->object;

	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (str_ends(u->source, suffixes[i]))
			return true;
	vec_for_each(&before->symbols, s)
		if (strstr((*s)->name, "_personality_"))
			return true;
	return false;
}

static void ask_unwind(struct link *l)
{
	for (size_t u = 0; u < l->n && l->o->eh_frame_n; u++)
		l->o->needs_unwind |= is_unwound(&l->units[u]);
}

static struct error *finish(struct link *l)
{
	for (unsigned int i = 0; i < HOTPATCH_PARTS; i++) {
		struct hotpatch_part *p = &l->o->parts[i];

		p->n = l->bytes[i].n;
		p->size = l->size[i] > p->n ? l->size[i] : p->n;
		p->align = l->align[i];
		p->bytes = arena_dup(&l->o->arena, p->n ? l->bytes[i].s : "", p->n ? p->n : 1);
		if (!p->bytes)
			return error_nomem();
	}
	vec_sort(&l->o->references, by_field);
	return NULL;
}

static struct error *link_all(struct link *l)
{
	TRY(lay_all(l, false));
	TRY(note_globals(l));
	/* Only zeroes grow DATA from here on: slots lie in CONST, stubs in CODE. */
	TRY(lay_all(l, true));
	TRY(link_fields(l));
	TRY(link_unwind(l));
	ask_unwind(l);
	TRY(redirect_all(l));
	TRY(link_check_stays(l));
	TRY(link_pieces(l));
	TRY(name_functions(l));
	find_hooks(l->o);
	clear_fields(l);
	return finish(l);
}

struct error *hotpatch_link(const struct hotpatch_request *request,
			    const struct hotpatch_unit *units, size_t n,
			    struct hotpatch_object *out, struct hotpatch_account *account)
{
	struct hotpatch_object o __cleanup_hotpatch = { 0 };
	struct hotpatch_account a __cleanup_hotpatch_account = { 0 };
	struct link l __cleanup(link_free) = { .request = request,
					       .program = request->program,
					       .units = units,
					       .n = n,
					       .align = { 16, 8, 8 },
					       .o = &o,
					       .account = &a };

	o.fix = arena_strdup(&o.arena, request->name);
	l.laid = calloc(n, sizeof(*l.laid));
	if (!o.fix || !l.laid)
		return error_nomem();
	for (size_t i = 0; i < n; i++) {
		l.laid[i] = calloc(units[i].extraction->object->sections.n, sizeof(**l.laid));
		if (!l.laid[i])
			return error_nomem();
	}
	memcpy(o.build_id, request->program->build_id, sizeof(o.build_id));
	o.build_id_n = request->program->build_id_n;
	TRY(link_all(&l));
	TRY_CONTEXT(hotpatch_object_check(&o), "the hotpatch object would not be sound");
	*out = o;
	o = (struct hotpatch_object){ 0 };
	*account = a;
	a = (struct hotpatch_account){ 0 };
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/cut.h"

#include <string.h>

#include "livepatch/key_test.h"

/* What was done about a key, to be told in one sentence. */
struct told {
	const char *what, *key, *module, *becomes;
	size_t sites;
	struct strbuf functions;
	const char *last; /* of these */
};

struct cutting {
	const struct livepatch_reference *const *references;
	struct object *o;
	struct merge_input *in;
	VEC(struct told) told;
};

/* An entry, and the code that it is about. */
struct site {
	struct section *section;
	uint64_t offset;
	const char *function;
	const struct reloc *fields;	       /* of the entry */
	const struct livepatch_reference *key; /* of a module */
	const struct reloc *key_field;
};

struct key_table {
	const char *name;
	uint64_t entry, key; /* size of an entry; where in it the key is */
	size_t fields;
	/* Do what is needed for the entry to be cut, and say so. */
	struct error *(*release)(struct cutting *c, const struct site *site);
};

static const char tracepoint[] = "__tracepoint_";

static void cutting_free(struct cutting *c)
{
	vec_for_each(&c->told, t)
		strbuf_free(&t->functions);
	vec_free(&c->told);
}

/* --- notes ------------------------------------------------------------------------ */

static struct error *told_of(struct cutting *c, const struct told *like, struct told **out)
{
	vec_for_each(&c->told, t) {
		if (str_equal(t->what, like->what) && str_equal(t->key, like->key)) {
			*out = t;
			return NULL;
		}
	}
	TRY(vec_push(&c->told, *like));
	*out = &c->told.v[c->told.n - 1];
	return NULL;
}

static struct error *tell(struct cutting *c, const struct site *site, const char *what,
			  const char *key, const char *becomes)
{
	struct told like = { .what = what, .key = key, .module = site->key->object };
	struct told *t = NULL;

	like.becomes = becomes;
	TRY(told_of(c, &like, &t));
	t->sites++;
	if (t->last && str_equal(t->last, site->function))
		return NULL;
	TRY(strbuf_printf(&t->functions, "%s%s()", t->last ? ", " : "", site->function));
	t->last = site->function;
	return NULL;
}

static struct error *write_notes(const struct cutting *c, struct livepatch_account *account)
{
	vec_for_each(&c->told, t) {
		char *note = arena_printf(
			&account->arena, "the %s %s of the module %s %s in the new %s (%zu site%s)",
			t->what, t->key, t->module, t->becomes, strbuf_str(&t->functions), t->sites,
			t->sites == 1 ? "" : "s");

		if (!note)
			return error_nomem();
		TRY(vec_push(&account->notes, note));
	}
	return NULL;
}

/* --- what becomes of a site --------------------------------------------------------- */

static struct error *find_site(const struct reloc *r, struct site *out)
{
	const struct symbol *function;

	out->section = r->symbol->section;
	out->offset = r->symbol->value + (uint64_t)r->addend;
	if (!out->section || !out->section->bytes || out->offset >= out->section->size)
		return error_refused("an entry about no code of the patch");
	function = section_symbol_at(out->section, out->offset);
	out->function = function ? function->name : out->section->name;
	return NULL;
}

static struct error *release_tracepoint(struct cutting *c, const struct site *site)
{
	const char *name = site->key->name + sizeof(tracepoint) - 1;
	uint8_t first = site->section->bytes[site->offset];

	if (!key_branch_size(site->section, site->offset) || first == 0xeb || first == 0xe9)
		return error_refused("%s(): the branch of the tracepoint %s is no nop",
				     site->function, name);
	return tell(c, site, "tracepoint", name, "does not fire");
}

static struct error *release_branch(struct cutting *c, const struct site *site)
{
	struct key_branch b = { .section = site->section,
				.offset = site->offset,
				.target = &site->fields[1],
				.key = site->key_field };

	if (str_starts(site->key->name, tracepoint))
		return release_tracepoint(c, site);
	TRY_CONTEXT(key_test_write(c->o, &b),
		    "%s() branches on %s, a static key of the module %s, and that branch can't "
		    "be made a test",
		    site->function, site->key->name, site->key->object);
	return tell(c, site, "static key", site->key->name, "is tested at each use");
}

/* A call or a jump, with a relocation to the trampoline behind its opcode. */
static struct error *release_call(struct cutting *c, const struct site *site)
{
	static const char prefix[] = "__SCT__";
	const struct section *s = site->section;
	const uint8_t *at = s->bytes + site->offset;
	bool conditional = s->size - site->offset > 1 && at[0] == 0x0f && (at[1] & 0xf0) == 0x80;
	uint64_t field = site->offset + (conditional ? 2 : 1);
	const char *name;
	size_t i = section_reloc_at(s, field);
	const struct reloc *r = i < s->relocs.n ? &s->relocs.v[i] : NULL;

	if (!r || r->offset != field || r->addend != -4 ||
	    (!conditional && at[0] != 0xe8 && at[0] != 0xe9) ||
	    !str_starts(r->symbol->name, prefix))
		return error_refused("%s(): a static call by %s of the module %s does not go "
				     "through a trampoline",
				     site->function, site->key->name, site->key->object);
	name = r->symbol->name + sizeof(prefix) - 1;
	if (str_starts(name, "tp_func_")) /* of a tracepoint that does not fire: told as that */
		return NULL;
	return tell(c, site, "static call", name, "goes through its trampoline");
}

static const struct key_table tables[] = {
	{ "__jump_table", 16, 8, 3, release_branch },
	{ ".static_call_sites", 8, 4, 2, release_call },
};

static bool is_of_module(const struct livepatch_reference *r)
{
	return r && r->named == LIVEPATCH_SYMBOL && strcmp(r->object, "vmlinux") != 0;
}

static struct error *cut_entry(struct cutting *c, const struct key_table *t,
			       const struct section *s, uint64_t at)
{
	const struct reloc *first = &s->relocs.v[at / t->entry * t->fields];
	const struct reloc *key = first + t->fields - 1;
	struct site site = { .fields = first,
			     .key_field = key,
			     .key = c->references[key->symbol->index] };

	if (first->offset != at || key->offset != at + t->key)
		return error_refused("section %s: its entries are not understood", s->name);
	if (!is_of_module(site.key))
		return NULL;
	TRY_CONTEXT(find_site(first, &site), "section %s", s->name);
	TRY(t->release(c, &site));
	return vec_push(&c->in->cuts, (struct merge_cut){ s, at, t->entry });
}

static struct error *cut_table(struct cutting *c, const struct key_table *t)
{
	const struct section *s = object_section(c->o, t->name);

	if (!s)
		return NULL;
	if (s->size % t->entry || s->relocs.n != s->size / t->entry * t->fields)
		return error_refused("section %s: its entries are not understood", s->name);
	for (uint64_t at = 0; at < s->size; at += t->entry)
		TRY(cut_entry(c, t, s, at));
	return NULL;
}

struct error *cut_module_keys(const struct livepatch_reference *const *references, struct object *o,
			      struct merge_input *in, struct livepatch_account *account)
{
	struct cutting c __cleanup(cutting_free) = { .references = references, .o = o, .in = in };

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		TRY(cut_table(&c, &tables[i]));
	return write_notes(&c, account);
}

/* --- asked before ----------------------------------------------------------------------- */

/* Whether the key may belong to a module. */
static bool may_be_of_module(const struct livepatch_part *part, const struct outside *o)
{
	const struct placement *p = o->before ? &part->binding->placements[o->before->index] : NULL;
	size_t first;

	if (str_starts(o->symbol->name, tracepoint))
		return false;
	if (p && p->how != BIND_NONE && p->how != BIND_EXTERNAL)
		return true; /* of the module that is patched */
	return !part->vmlinux || !image_symbols_named(part->vmlinux, o->symbol->name, &first);
}

static const struct outside *outside_of(const struct extraction *x, const struct symbol *s)
{
	vec_for_each(&x->outside, o)
		if (o->symbol == s)
			return o;
	return NULL;
}

bool cut_needs_room(const struct livepatch_part *part)
{
	const struct section *s = object_section(part->extraction->object, tables[0].name);

	if (!s || str_equal(part->unit->module, "vmlinux"))
		return false;
	for (size_t i = 0; i + tables[0].fields <= s->relocs.n; i += tables[0].fields) {
		const struct outside *o =
			outside_of(part->extraction, s->relocs.v[i + tables[0].fields - 1].symbol);
		struct site site = { 0 };
		struct error *e __cleanup_error = find_site(&s->relocs.v[i], &site);

		if (!e && o && may_be_of_module(part, o) &&
		    key_branch_size(site.section, site.offset) == 2)
			return true;
	}
	return false;
}

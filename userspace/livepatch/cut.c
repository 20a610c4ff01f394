// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/cut.h"

#include <string.h>

struct cutting {
	const struct livepatch_reference *const *references;
	struct merge_input *in;
	struct livepatch_account *account;
};

/* The code that an entry is about. */
struct site {
	const struct section *section;
	uint64_t offset;
	const char *function;
};

struct key_table {
	const char *name;
	uint64_t entry, key; /* size of an entry; where in it the key is */
	size_t fields;
	/* What to do about a key that belongs to a module: NULL if the entry may be cut. */
	struct error *(*check)(const struct cutting *c, const struct site *site,
			       const struct livepatch_reference *key);
};

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

static bool is_nop(const struct site *s)
{
	static const uint8_t two[] = { 0x66, 0x90 }, five[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	const uint8_t *at = s->section->bytes + s->offset;
	uint64_t left = s->section->size - s->offset;

	return (left >= sizeof(two) && !memcmp(at, two, sizeof(two))) ||
	       (left >= sizeof(five) && !memcmp(at, five, sizeof(five)));
}

static struct error *check_branch(const struct cutting *c, const struct site *site,
				  const struct livepatch_reference *key)
{
	static const char prefix[] = "__tracepoint_";
	char *note;

	if (!str_starts(key->name, prefix))
		return error_advise(
			error_refused("%s() branches on %s, a static key of the module %s",
				      site->function, key->name, key->object),
			"the kernel would look for the key when the patch loads, maybe before the "
			"module: change a function that does not test it");
	if (!is_nop(site))
		return error_refused("%s(): the branch of the tracepoint %s is no nop",
				     site->function, key->name + sizeof(prefix) - 1);
	note = arena_printf(&c->account->arena,
			    "the tracepoint %s of the module %s does not fire in the new %s()",
			    key->name + sizeof(prefix) - 1, key->object, site->function);
	if (!note)
		return error_nomem();
	return vec_push(&c->account->notes, note);
}

/* A call or a jump, with a relocation to the trampoline behind its one byte of opcode. */
static struct error *check_call(const struct cutting *c, const struct site *site,
				const struct livepatch_reference *key)
{
	size_t i = section_reloc_at(site->section, site->offset + 1);
	const struct reloc *r = i < site->section->relocs.n ? &site->section->relocs.v[i] : NULL;
	uint8_t opcode = site->section->bytes[site->offset];

	(void)c;
	if (!r || r->offset != site->offset + 1 || (opcode != 0xe8 && opcode != 0xe9) ||
	    !str_starts(r->symbol->name, "__SCT__"))
		return error_refused("%s(): a static call by %s of the module %s does not go "
				     "through a trampoline",
				     site->function, key->name, key->object);
	return NULL;
}

static const struct key_table tables[] = {
	{ "__jump_table", 16, 8, 3, check_branch },
	{ ".static_call_sites", 8, 4, 2, check_call },
};

static bool is_of_module(const struct livepatch_reference *r)
{
	return r && r->named == LIVEPATCH_SYMBOL && strcmp(r->object, "vmlinux") != 0;
}

static struct error *cut_entry(const struct cutting *c, const struct key_table *t,
			       const struct section *s, uint64_t at)
{
	const struct reloc *first = &s->relocs.v[at / t->entry * t->fields];
	const struct reloc *key = first + t->fields - 1;
	const struct livepatch_reference *r = c->references[key->symbol->index];
	struct site site;

	if (first->offset != at || key->offset != at + t->key)
		return error_refused("section %s: its entries are not understood", s->name);
	if (!is_of_module(r))
		return NULL;
	TRY_CONTEXT(find_site(first, &site), "section %s", s->name);
	TRY(t->check(c, &site, r));
	return vec_push(&c->in->cuts, (struct merge_cut){ s, at, t->entry });
}

static struct error *cut_table(const struct cutting *c, const struct key_table *t)
{
	const struct section *s = object_section(c->in->object, t->name);

	if (!s)
		return NULL;
	if (s->size % t->entry || s->relocs.n != s->size / t->entry * t->fields)
		return error_refused("section %s: its entries are not understood", s->name);
	for (uint64_t at = 0; at < s->size; at += t->entry)
		TRY(cut_entry(c, t, s, at));
	return NULL;
}

struct error *cut_module_keys(const struct livepatch_reference *const *references,
			      struct merge_input *in, struct livepatch_account *account)
{
	struct cutting c = { .references = references, .in = in, .account = account };

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		TRY(cut_table(&c, &tables[i]));
	return NULL;
}

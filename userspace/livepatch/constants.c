// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/constants.h"

#include <stddef.h>
#include <string.h>

#include "livepatch/klp.h"

struct constant_kind {
	const char *prefix; /* of the section's name */
	uint64_t placeholder;
	unsigned int size; /* of the operand */
	bool never;	   /* a live value is never the placeholder */
	/* The two bytes before the operand: those bits of them that are always the same. */
	uint8_t mask[SUTURE_CONSTANT_LEAD], lead[SUTURE_CONSTANT_LEAD];
};

static const struct constant_kind kinds[] = {
	/* REX.W, perhaps B; b8 + register */
	{ "runtime_ptr_", 0x0123456789abcdef, 8, true, { 0xfe, 0xf8 }, { 0x48, 0xb8 } },
	/* c1 /5 with a register */
	{ "runtime_shift_", 12, 1, false, { 0xff, 0xf8 }, { 0xc1, 0xe8 } },
};

static const struct constant_kind *kind_of(const char *section)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (str_starts(section, kinds[i].prefix))
			return &kinds[i];
	return NULL;
}

/* 'at' is the operand, with SUTURE_CONSTANT_LEAD bytes before it. */
static bool is_instruction(const struct constant_kind *k, const uint8_t *at)
{
	const uint8_t *lead = at - SUTURE_CONSTANT_LEAD;

	for (size_t i = 0; i < SUTURE_CONSTANT_LEAD; i++)
		if ((lead[i] & k->mask[i]) != k->lead[i])
			return false;
	return !memcmp(at, &k->placeholder, k->size);
}

/* --- the kernel's own ------------------------------------------------------------- */

static const struct image_segment *table_of(const struct image *vmlinux, const char *section)
{
	vec_for_each(&vmlinux->segments, s)
		if (str_equal(s->name, section))
			return s;
	return NULL;
}

static bool is_taken(const struct constant *c, uint64_t function)
{
	for (size_t i = 0; i < c->n_sources; i++)
		if (c->sources[i].function.address == function)
			return true;
	return false;
}

/* Take the instruction as a source if it lies in a function that stays and has a name. */
static struct error *take_source(const struct naming *n, const struct image *vmlinux,
				 uint64_t address, struct constant *c)
{
	const struct image_symbol *s = image_symbol_covering(vmlinux, address);
	const uint8_t *bytes = image_bytes(vmlinux, address - SUTURE_CONSTANT_LEAD,
					   SUTURE_CONSTANT_LEAD + c->kind->size);
	struct constant_source *to = &c->sources[c->n_sources];
	struct error *e __cleanup_error = NULL;

	if (!bytes || !is_instruction(c->kind, bytes + SUTURE_CONSTANT_LEAD))
		return error_refused("the kernel's own instruction at 0x%llx is not what its "
				     "table says",
				     (unsigned long long)address);
	if (!s || s->same_name != 1 || is_taken(c, s->address))
		return NULL;
	e = reference_at(n, vmlinux, s, &to->function);
	if (e) /* init code, for instance */
		return error_kind(e) == ERROR_REFUSED ? NULL : take(e);
	to->offset = address - s->address;
	memcpy(to->lead, bytes, SUTURE_CONSTANT_LEAD);
	c->n_sources++;
	return NULL;
}

static struct error *find_sources(const struct naming *n, const struct image *vmlinux,
				  const char *section, struct constant *c)
{
	const char *name = section + strlen(c->kind->prefix);
	const struct image_segment *t = table_of(vmlinux, section);

	if (!t || !t->bytes || t->size % 4)
		return error_refused("the kernel has no instruction with the runtime constant %s",
				     name);
	for (uint64_t at = 0; at < t->size && c->n_sources < SUTURE_CONSTANT_SOURCES; at += 4) {
		int32_t distance;

		memcpy(&distance, t->bytes + at, sizeof(distance));
		TRY_CONTEXT(
			take_source(n, vmlinux, t->address + at + (uint64_t)(int64_t)distance, c),
			"the runtime constant %s", name);
	}
	if (c->n_sources)
		return NULL;
	return error_refused("the runtime constant %s has no instruction in the kernel that can be "
			     "named: its value can't be had",
			     name);
}

/* --- the patch's ------------------------------------------------------------------- */

static struct error *check_site(const struct constant_kind *k, const struct section *table,
				const struct reloc *r)
{
	const struct section *s = r->symbol->section;
	uint64_t at = r->symbol->value + (uint64_t)r->addend;

	if (r->type == R_X86_64_PC32 && s && s->bytes && at >= SUTURE_CONSTANT_LEAD &&
	    at < s->size && k->size <= s->size - at && is_instruction(k, s->bytes + at))
		return NULL;
	return error_refused("%s+0x%llx: this is not the instruction of a runtime constant that is "
			     "known",
			     table->name, (unsigned long long)r->offset);
}

static struct error *find_in(const struct naming *n, const struct image *vmlinux,
			     const struct section *s, size_t input, struct constants *out)
{
	struct constant all = { .input = input, .kind = kind_of(s->name) };

	if (s->size % 4 || s->relocs.n != s->size / 4)
		return error_refused("section %s: its entries are not understood", s->name);
	TRY(find_sources(n, vmlinux, s->name, &all));
	vec_for_each(&s->relocs, r) {
		TRY(check_site(all.kind, s, r));
		all.symbol = r->symbol;
		all.addend = r->addend;
		TRY(vec_push(&out->list, all));
	}
	return NULL;
}

struct error *constants_find(const struct naming *n, const struct livepatch_part *part,
			     size_t input, struct constants *out)
{
	vec_for_each(&part->extraction->object->sections, it)
		if (kind_of((*it)->name) && (*it)->type == SHT_PROGBITS && (*it)->size)
			TRY_CONTEXT(find_in(n, part->vmlinux, *it, input, out), "%s",
				    part->unit->source);
	return NULL;
}

/* --- the records ------------------------------------------------------------------- */

static struct error *fill(const struct merge *m, const struct constant *c, struct section *table,
			  uint64_t at)
{
	struct suture_constant_record r = { .size = c->kind->size,
					    .placeholder = c->kind->placeholder,
					    .never = c->kind->never };
	struct symbol *symbol;
	int64_t addend;

	for (size_t i = 0; i < c->n_sources; i++)
		memcpy(&r.sources[i].lead, c->sources[i].lead, SUTURE_CONSTANT_LEAD);
	memcpy(table->bytes + at, &r, sizeof(r));
	TRY(merge_target(&m->inputs[c->input], c->symbol, c->addend, &symbol, &addend));
	TRY(object_add_reloc(table, at + offsetof(struct suture_constant_record, place),
			     R_X86_64_64, symbol, addend));
	for (size_t i = 0; i < c->n_sources; i++) {
		const struct constant_source *s = &c->sources[i];
		struct section *where = table;

		if (s->symbol->shndx == SHN_LIVEPATCH)
			TRY(klp_rela_section(m->out, table, "vmlinux", s->symbol, &where));
		TRY(object_add_reloc(where,
				     at + offsetof(struct suture_constant_record, sources) +
					     i * sizeof(r.sources[0]),
				     R_X86_64_64, s->symbol, (int64_t)s->offset));
	}
	return NULL;
}

struct error *constants_fill(const struct merge *m, const struct constants *c,
			     struct section *table)
{
	uint64_t at = 0;

	vec_for_each(&c->list, it) {
		TRY(fill(m, it, table, at));
		at += sizeof(struct suture_constant_record);
	}
	return NULL;
}

void constants_free(struct constants *c)
{
	vec_free(&c->list);
}

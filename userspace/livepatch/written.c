// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/written.h"

#include <stddef.h>
#include <string.h>

#include "arch/arch.h"
#include "kmod/payload/records.h"

/* Matching has looked at code only. */
static struct error *check_shipped(const struct livepatch_part *p, const struct written *w)
{
	const struct placement *at;
	const struct symbol *old = NULL;
	const uint8_t *bytes;
	uint64_t size = w->contents->size, address;

	vec_for_each(&p->extraction->outside, o)
		if (o->symbol == w->place)
			old = o->before;
	if (!old)
		return error_failed("%s: its place in the module is not referred to", w->name);
	TRY(binding_need(p->binding, old, &at));
	address = at->address + (uint64_t)w->addend;
	bytes = image_bytes(p->binding->image, address, size);
	for (uint64_t i = 0; i < size; i++)
		if (((bytes ? bytes[i] : 0) ^ w->expected[i]) & w->known[i])
			return error_refused("%s+0x%llx is not in %s what the source says", w->name,
					     (unsigned long long)i, p->unit->module);
	return NULL;
}

/* A section of bytes that nothing else looks at; NULL: zeroes. */
static struct error *add_bytes(struct object *o, const void *bytes, uint64_t n,
			       struct section **out)
{
	return object_add_section(o, SUTURE_EXPECTED_SECTION, SHT_PROGBITS, SHF_ALLOC, 1, bytes, n,
				  out);
}

static struct error *point(struct section *s, size_t field, struct object *o, struct section *to)
{
	struct symbol *symbol;

	TRY(object_section_symbol(o, to, &symbol));
	return object_add_reloc(s, field, R_X86_64_64, symbol, 0);
}

/* All but the place. */
static struct error *add_record(struct object *o, const char *module, struct section *contents,
				const uint8_t *expected, const uint8_t *known, struct section **out)
{
	struct suture_written_record r = { .size = contents->size };
	struct section *old, *mask, *name;

	TRY(add_bytes(o, expected, r.size, &old));
	TRY(add_bytes(o, known, r.size, &mask));
	TRY(add_bytes(o, module, strlen(module) + 1, &name));
	TRY(object_add_section(o, SUTURE_WRITTEN_SECTION, SHT_PROGBITS, SHF_ALLOC, 8, &r, sizeof(r),
			       out));
	TRY(point(*out, offsetof(struct suture_written_record, object), o, name));
	TRY(point(*out, offsetof(struct suture_written_record, contents), o, contents));
	TRY(point(*out, offsetof(struct suture_written_record, expected), o, old));
	return point(*out, offsetof(struct suture_written_record, known), o, mask);
}

static struct error *add_written(const struct livepatch_part *p, const struct written *w)
{
	struct section *record;

	TRY(check_shipped(p, w));
	TRY(add_record(p->extraction->object, p->unit->module, w->contents, w->expected, w->known,
		       &record));
	return object_add_reloc(record, offsetof(struct suture_written_record, place), R_X86_64_64,
				w->place, w->addend);
}

static bool is_variable(const struct section *s)
{
	return s->size && s->flags & SHF_WRITE &&
	       (str_starts(s->name, ".data") || str_starts(s->name, ".bss"));
}

/* The kernel keeps account of keys and calls: their state can't be put back behind its back. */
static struct error *check_own(const struct livepatch_part *p, const struct section *s)
{
	const struct arch *a = arch_find(p->extraction->object->machine);

	vec_for_each(&p->extraction->key_sites, k)
		if (k->key->section == s)
			return error_advise(
				error_refused(
					"%s is a static key or call that the fix brings for "
					"%s, which is loaded, and may be loaded again, after it",
					k->key->name, p->unit->module),
				"use a plain variable");
	vec_for_each(&s->relocs, r) {
		const struct reloc_kind *kind = a ? arch_reloc_kind(a, r->type) : NULL;

		if (!kind || kind->pc_relative)
			return error_refused("%s+0x%llx: such a reference is not understood in "
					     "data that begins anew when %s is loaded",
					     s->name, (unsigned long long)r->offset,
					     p->unit->module);
	}
	return NULL;
}

/* What it holds at first, whatever was there before. */
static struct error *add_own(const struct livepatch_part *p, struct section *s)
{
	struct object *o = p->extraction->object;
	struct section *contents, *record;

	TRY(check_own(p, s));
	TRY(object_add_section(o, SUTURE_CONTENTS_SECTION, SHT_PROGBITS, SHF_ALLOC, s->align,
			       s->bytes, s->size, &contents));
	vec_for_each(&s->relocs, r)
		TRY(object_add_reloc(contents, r->offset, r->type, r->symbol, r->addend));
	TRY(add_record(o, p->unit->module, contents, NULL, NULL, &record));
	return point(record, offsetof(struct suture_written_record, place), o, s);
}

struct error *written_add(const struct livepatch_part *p)
{
	const struct object *o = p->extraction->object;
	size_t n = o->sections.n; /* those to come are not looked at */

	if (!p->at_load)
		return NULL;
	vec_for_each(&p->extraction->written, w)
		TRY(add_written(p, w));
	for (size_t i = 0; i < n; i++)
		if (is_variable(o->sections.v[i]))
			TRY(add_own(p, o->sections.v[i]));
	return NULL;
}

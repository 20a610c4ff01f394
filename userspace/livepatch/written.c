// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/written.h"

#include <stddef.h>
#include <string.h>

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

static struct error *add_bytes(struct object *o, const uint8_t *bytes, uint64_t n,
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

static struct error *add_record(struct object *o, const struct written *w)
{
	struct suture_written_record r = { .size = w->contents->size };
	struct section *s, *expected, *known;

	TRY(add_bytes(o, w->expected, r.size, &expected));
	TRY(add_bytes(o, w->known, r.size, &known));
	TRY(object_add_section(o, SUTURE_WRITTEN_SECTION, SHT_PROGBITS, SHF_ALLOC, 8, &r, sizeof(r),
			       &s));
	TRY(object_add_reloc(s, offsetof(struct suture_written_record, place), R_X86_64_64,
			     w->place, w->addend));
	TRY(point(s, offsetof(struct suture_written_record, contents), o, w->contents));
	TRY(point(s, offsetof(struct suture_written_record, expected), o, expected));
	return point(s, offsetof(struct suture_written_record, known), o, known);
}

struct error *written_add(const struct livepatch_part *p)
{
	vec_for_each(&p->extraction->written, w) {
		TRY(check_shipped(p, w));
		TRY(add_record(p->extraction->object, w));
	}
	return NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "hotpatch/relocate.h"

#include <elf.h>
#include <string.h>

#include "base/cleanup.h"

struct placing {
	const struct hotpatch_object *o;
	const struct layout *l;
	uint64_t base, bias;
	bool main_program;
	struct relocated *out;
};

void relocated_free(struct relocated *r)
{
	for (int i = 0; i < HOTPATCH_PARTS; i++)
		free_pointer(&r->bytes[i]);
}

/* Sizes of fields, and how their value is made and checked. */
struct field {
	uint32_t type;
	uint8_t size;
	bool relative, is_signed, tls;
};

static const struct field *field_of(uint32_t type)
{
	static const struct field fields[] = {
		{ R_X86_64_64, 8, false, false, false },
		{ R_X86_64_PC64, 8, true, true, false },
		{ R_X86_64_32, 4, false, false, false },
		{ R_X86_64_32S, 4, false, true, false },
		{ R_X86_64_PC32, 4, true, true, false },
		{ R_X86_64_PLT32, 4, true, true, false },
		{ R_X86_64_TPOFF32, 4, false, true, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i].type == type)
			return &fields[i];
	return NULL;
}

static bool fits(const struct field *f, uint64_t value)
{
	if (f->size == 8)
		return true;
	return f->is_signed ? (int64_t)value == (int32_t)value : value == (uint32_t)value;
}

/* call rel32 or jmp rel32: its destination may be a far jump instead. */
static bool is_branch_field(const struct placing *p, const struct hotpatch_reference *r)
{
	const uint8_t *code = p->o->parts[HOTPATCH_CODE].bytes;

	return r->part == HOTPATCH_CODE && r->offset &&
	       (code[r->offset - 1] == 0xe8 || code[r->offset - 1] == 0xe9) && r->addend == -4;
}

static struct error *destination(const struct placing *p, const struct hotpatch_reference *r,
				 uint64_t *to)
{
	const struct layout_symbol *s = NULL;

	switch (r->to) {
	case HOTPATCH_TO_PART:
		*to = p->base + p->l->at[r->to_part] + r->to_offset;
		return NULL;
	case HOTPATCH_TO_FILE:
		*to = p->bias + r->to_offset;
		return NULL;
	case HOTPATCH_TO_GOT:
		s = layout_symbol_of(p->l, r);
		*to = p->base + p->l->at[HOTPATCH_CONST] + s->slot;
		return NULL;
	case HOTPATCH_TO_SYMBOL:
		*to = layout_symbol_of(p->l, r)->address;
		return NULL;
	case HOTPATCH_TO_TLS:
		if (!p->main_program)
			return error_refused("a thread-local variable of a library");
		*to = r->to_offset;
		return NULL;
	}
	return error_refused("a reference of unknown kind %d", r->to);
}

static struct error *fill(const struct placing *p, const struct hotpatch_reference *r)
{
	uint64_t at = p->base + p->l->at[r->part] + r->offset, to = 0, value;
	const struct field *f = field_of(r->type);

	if (!f || f->tls != (r->to == HOTPATCH_TO_TLS))
		return error_refused("relocation type %u at part %d+0x%llx", r->type, r->part,
				     (unsigned long long)r->offset);
	if (r->offset > p->o->parts[r->part].n || p->o->parts[r->part].n - r->offset < f->size)
		return error_refused("a reference lies outside of its part");
	TRY(destination(p, r, &to));
	value = to + (uint64_t)r->addend - (f->relative ? at : 0);
	if (!fits(f, value) && r->to == HOTPATCH_TO_SYMBOL && is_branch_field(p, r))
		value = p->base + p->l->at[HOTPATCH_CODE] + layout_symbol_of(p->l, r)->jump +
			(uint64_t)r->addend - at;
	if (!fits(f, value))
		return error_refused("the reference to %s at part %d+0x%llx is out of reach",
				     r->symbol ? r->symbol : "the file", r->part,
				     (unsigned long long)r->offset);
	memcpy(p->out->bytes[r->part] + r->offset, &value, f->size);
	return NULL;
}

/* The slot holds the address; the far jump leads to what the slot holds. */
static void fill_symbol(const struct placing *p, const struct layout_symbol *s)
{
	uint64_t jump = p->base + p->l->at[HOTPATCH_CODE] + s->jump;
	uint64_t slot = p->base + p->l->at[HOTPATCH_CONST] + s->slot;
	uint8_t code[LAYOUT_FAR_JUMP] = { 0xff, 0x25, 0, 0, 0, 0, 0xcc, 0xcc };
	int32_t distance = (int32_t)(slot - (jump + 6));

	memcpy(code + 2, &distance, sizeof(distance));
	memcpy(p->out->bytes[HOTPATCH_CODE] + s->jump, code, sizeof(code));
	memcpy(p->out->bytes[HOTPATCH_CONST] + s->slot, &s->address, sizeof(s->address));
}

static struct error *run(const struct placing *p)
{
	for (int i = 0; i < HOTPATCH_PARTS; i++) {
		if (!p->l->size[i])
			continue;
		p->out->bytes[i] = calloc(1, p->l->size[i]);
		if (!p->out->bytes[i])
			return error_nomem();
		if (p->o->parts[i].n)
			memcpy(p->out->bytes[i], p->o->parts[i].bytes, p->o->parts[i].n);
	}
	vec_for_each(&p->l->symbols, s)
		fill_symbol(p, s);
	vec_for_each(&p->o->references, r)
		TRY(fill(p, r));
	return NULL;
}

struct error *relocate(const struct hotpatch_object *o, const struct layout *l, uint64_t base,
		       uint64_t bias, bool main_program, struct relocated *out)
{
	struct relocated made __cleanup_relocated = { 0 };
	struct placing p = { o, l, base, bias, main_program, &made };

	TRY(run(&p));
	*out = made;
	made = (struct relocated){ 0 };
	return NULL;
}

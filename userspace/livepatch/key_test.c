// SPDX-License-Identifier: GPL-2.0-or-later
/* See key_test.h for what is written, and why it is equivalent. */
#include "livepatch/key_test.h"

#include <string.h>

/* Places in the test. */
enum {
	AFTER_PUSH = 1,
	KEY_FIELD = 7,
	AFTER_LOAD = 11,
	ON_POP = 13,
	ON_JUMP = 14,
	OFF_POP = 19,
	OFF_JUMP = 20,
	TEST_SIZE = 26,
};

static const uint8_t code[TEST_SIZE] = {
	0x51,			      /* push %rcx */
	0x48, 0x87, 0x0c, 0x24,	      /* xchg %rcx, (%rsp) */
	0x8b, 0x0d, 0,	  0,	0, 0, /* mov KEY(%rip), %ecx */
	0xe3, 0x06,		      /* jrcxz OFF_POP */
	0x59,			      /* pop %rcx */
	0xe9, 0,    0,	  0,	0,    /* jmp */
	0x59,			      /* pop %rcx */
	0xe9, 0,    0,	  0,	0,    /* jmp */
	0xcc,			      /* int3 */
};

unsigned int key_branch_size(const struct section *s, uint64_t offset)
{
	static const uint8_t nop2[] = { 0x66, 0x90 }, nop5[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	uint64_t left = offset < s->size ? s->size - offset : 0;
	const uint8_t *at = s->bytes + offset;

	if (!s->bytes || left < 2)
		return 0;
	if (at[0] == 0xeb || !memcmp(at, nop2, sizeof(nop2)))
		return 2;
	if (left >= 5 && (at[0] == 0xe9 || !memcmp(at, nop5, sizeof(nop5))))
		return 5;
	return 0;
}

static struct error *append(struct object *o, struct section *s, const void *bytes, uint64_t n)
{
	uint8_t *grown = arena_alloc(&o->arena, s->size + n);

	if (!grown)
		return error_nomem();
	memcpy(grown, s->bytes, s->size);
	memcpy(grown + s->size, bytes, n);
	s->bytes = grown;
	s->size += n;
	return NULL;
}

/* --- the unwinder's tables ------------------------------------------------------- */

#define ORC_SIZE 6

/* What the last frame's rsp is found from. The others are of assembly, or need rsp itself. */
enum { ORC_REG_BP = 4, ORC_REG_SP = 5, ORC_REG_R10 = 6, ORC_REG_R13 = 7, ORC_REG_BP_INDIRECT = 8 };

static unsigned int found_from(const uint8_t *entry)
{
	return entry[4] & 0xf;
}

static bool is_understood(const uint8_t *entry)
{
	return found_from(entry) >= ORC_REG_BP && found_from(entry) <= ORC_REG_BP_INDIRECT;
}

struct orc_tables {
	struct section *ip, *orc;
};

static struct error *orc_tables(const struct object *o, struct orc_tables *out)
{
	uint64_t n;

	out->ip = object_section(o, ".orc_unwind_ip");
	out->orc = object_section(o, ".orc_unwind");
	if (!out->ip && !out->orc)
		return NULL; /* a kernel that unwinds by frame pointers: rbp is left alone */
	n = out->ip ? out->ip->size / 4 : 0;
	if (!out->ip || !out->orc || !out->ip->bytes || !out->orc->bytes || out->ip->size % 4 ||
	    out->ip->relocs.n != n || out->orc->size != n * ORC_SIZE)
		return error_refused(".orc_unwind: its entries are not understood");
	return NULL;
}

/* How the stack looks at a place: the entry with the highest address that is not behind it. */
static struct error *orc_at(const struct orc_tables *t, const struct section *s, uint64_t offset,
			    uint8_t *out)
{
	const uint8_t *found = NULL;
	uint64_t best = 0;

	for (size_t i = 0; i < t->ip->relocs.n; i++) {
		const struct reloc *r = &t->ip->relocs.v[i];
		const uint8_t *entry = t->orc->bytes + i * ORC_SIZE;
		uint64_t at = r->symbol->value + (uint64_t)r->addend;

		if (r->symbol->section != s || at > offset || (found && at < best))
			continue;
		/* Of two at one place, the one that only ends what was before does not count. */
		if (found && at == best && !found_from(entry))
			continue;
		found = entry;
		best = at;
	}
	if (!found || !is_understood(found))
		return error_refused("how the stack looks there is not known");
	memcpy(out, found, ORC_SIZE);
	return NULL;
}

/* The same, 8 bytes pushed. */
static struct error *pushed(const uint8_t *entry, uint8_t *out)
{
	int16_t sp_offset;

	memcpy(out, entry, ORC_SIZE);
	if (found_from(entry) != ORC_REG_SP)
		return NULL;
	memcpy(&sp_offset, entry, sizeof(sp_offset));
	if (sp_offset > INT16_MAX - 8)
		return error_refused("its stack frame is too large");
	sp_offset += 8;
	memcpy(out, &sp_offset, sizeof(sp_offset));
	return NULL;
}

static struct error *add_orc(struct object *o, const struct orc_tables *t, struct symbol *function,
			     uint64_t offset, const uint8_t *entry)
{
	static const uint8_t zero[4];
	uint64_t at = t->ip->size;

	TRY(append(o, t->ip, zero, sizeof(zero)));
	TRY(append(o, t->orc, entry, ORC_SIZE));
	return object_add_reloc(t->ip, at, R_X86_64_PC32, function,
				(int64_t)(offset - function->value));
}

static struct error *describe_stack(struct object *o, const struct key_branch *b,
				    struct symbol *function, uint64_t start)
{
	static const uint8_t unknown[ORC_SIZE];
	uint8_t here[ORC_SIZE], below[ORC_SIZE];
	struct orc_tables t = { 0 };

	TRY(orc_tables(o, &t));
	if (!t.ip)
		return NULL;
	TRY(orc_at(&t, b->section, b->offset, here));
	TRY(pushed(here, below));
	TRY(add_orc(o, &t, function, start, here));
	TRY(add_orc(o, &t, function, start + AFTER_PUSH, below));
	TRY(add_orc(o, &t, function, start + ON_JUMP, here));
	TRY(add_orc(o, &t, function, start + OFF_POP, below));
	TRY(add_orc(o, &t, function, start + OFF_JUMP, here));
	return add_orc(o, &t, function, start + TEST_SIZE, unknown);
}

/* --- the code -------------------------------------------------------------------- */

static void put32(struct section *s, uint64_t at, uint64_t value)
{
	uint32_t v = (uint32_t)value;

	memcpy(s->bytes + at, &v, sizeof(v));
}

/* The destination of the jump at 'at', inside the section. */
static void jump_to(struct section *s, uint64_t at, uint64_t to)
{
	put32(s, at + 1, to - (at + 5));
}

/* To where the entry says the branch leads. */
static struct error *jump_to_target(const struct key_branch *b, uint64_t at)
{
	const struct reloc *r = b->target;
	uint64_t to = r->symbol->value + (uint64_t)r->addend;

	if (r->symbol->section != b->section)
		return object_add_reloc(b->section, at + 1, R_X86_64_PC32, r->symbol,
					r->addend - 4);
	if (to >= b->section->size)
		return error_refused("the branch leads out of its section");
	jump_to(b->section, at, to);
	return NULL;
}

/* A jump into another section has a relocation: it has no meaning any more. */
static void forget_reloc(struct section *s, uint64_t offset)
{
	size_t i = section_reloc_at(s, offset);

	if (i >= s->relocs.n || s->relocs.v[i].offset != offset)
		return;
	memmove(&s->relocs.v[i], &s->relocs.v[i + 1],
		(s->relocs.n - i - 1) * sizeof(s->relocs.v[0]));
	s->relocs.n--;
}

/* The function of the branch, if what is put behind its section is behind it and no other. */
static struct error *last_function(const struct key_branch *b, struct symbol **out)
{
	struct symbol *f = section_symbol_at(b->section, b->offset);

	if (!f || f->type != STT_FUNC)
		return error_refused("it lies in no function");
	vec_for_each(&b->section->symbols, s)
		if ((*s)->value > f->value && *(*s)->name)
			return error_refused("%s lies behind it in one section", (*s)->name);
	*out = f;
	return NULL;
}

/* All names of the function: the test belongs to it. */
static void grow_function(struct section *s, const struct symbol *function)
{
	vec_for_each(&s->symbols, it)
		if ((*it)->type == STT_FUNC && (*it)->value == function->value)
			(*it)->size = s->size - (*it)->value;
}

static struct error *write_jumps(const struct key_branch *b, uint64_t start)
{
	/* The lowest bit: whether the code falls through while the key is on. */
	bool through_if_on = b->key->addend & 1;
	uint64_t to_target = start + (through_if_on ? OFF_JUMP : ON_JUMP);
	uint64_t through = start + (through_if_on ? ON_JUMP : OFF_JUMP);

	TRY(object_add_reloc(b->section, start + KEY_FIELD, R_X86_64_PC32, b->key->symbol,
			     (b->key->addend & ~(int64_t)3) - 4));
	TRY(jump_to_target(b, to_target));
	jump_to(b->section, through, b->offset + KEY_TEST_SITE);
	forget_reloc(b->section, b->offset + 1);
	b->section->bytes[b->offset] = 0xe9;
	jump_to(b->section, b->offset, start);
	return NULL;
}

struct error *key_test_write(struct object *o, const struct key_branch *b)
{
	struct symbol *function = NULL;
	uint64_t start = b->section->size;

	if (key_branch_size(b->section, b->offset) != KEY_TEST_SITE)
		return error_refused("it is no nop or jump of %d bytes", KEY_TEST_SITE);
	if (b->target->type != R_X86_64_PC32 || b->key->type != R_X86_64_PC64)
		return error_refused("its entry in __jump_table is not understood");
	TRY(last_function(b, &function));
	TRY(describe_stack(o, b, function, start));
	TRY(append(o, b->section, code, sizeof(code)));
	grow_function(b->section, function);
	return write_jumps(b, start);
}

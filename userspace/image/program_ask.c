// SPDX-License-Identifier: GPL-2.0-or-later
/* What a program that was read says: its slots, stubs, names and gaps. Pure. */
#include <elf.h>
#include <string.h>

#include "base/str.h"
#include "image/backend.h"
#include "image/program_field.h"

size_t program_first_field(const struct program *p, uint64_t at)
{
	size_t low = 0, high = p->fields.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (p->fields.v[mid].at < at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct program_field *program_field_at(const struct program *p, uint64_t at)
{
	size_t i = program_first_field(p, at);

	return i < p->fields.n && p->fields.v[i].at == at ? &p->fields.v[i] : NULL;
}

struct program_meaning program_field_meaning(const struct program *p, const struct program_field *f)
{
	const struct program_symbol *s = &p->symbols.v[f->symbol];
	struct program_meaning m = { .known = true };

	switch (f->type) {
	case R_X86_64_RELATIVE:
		m.address = (uint64_t)f->addend;
		return m;
	case R_X86_64_GLOB_DAT:
	case R_X86_64_JUMP_SLOT:
	case R_X86_64_64:
		if (s->defined) {
			m.address = s->address;
		} else {
			m.name = s->name;
			m.version = s->version;
		}
		m.known = f->symbol != 0;
		return m;
	}
	m.known = false;
	return m;
}

struct program_meaning program_slot(const struct program *p, uint64_t slot)
{
	const struct program_field *f = program_field_at(p, slot);
	const struct image_segment *s = image_segment_at(p->image, slot);
	const uint8_t *bytes = image_bytes(p->image, slot, 8);
	struct program_meaning m = { 0 };

	if (f)
		return program_field_meaning(p, f);
	/* Without a relocation it holds what it holds for good: where the file does not move. */
	if (!bytes || !s || !str_starts(s->name, ".got") || p->type != ET_EXEC)
		return m;
	memcpy(&m.address, bytes, sizeof(m.address));
	m.known = true;
	return m;
}

bool program_is_stub(const struct program *p, uint64_t address, uint64_t *slot)
{
	const struct image_segment *s = image_segment_at(p->image, address);
	const uint8_t *b = s && s->executable ? image_bytes(p->image, address, 6) : NULL;
	int32_t distance;
	uint64_t at = address;

	if (b && !memcmp(b, "\xf3\x0f\x1e\xfa", 4)) { /* endbr64 */
		at += 4;
		b = image_bytes(p->image, at, 6);
	}
	if (b && *b == 0xf2) { /* bnd */
		at++;
		b = image_bytes(p->image, at, 6);
	}
	if (!b || b[0] != 0xff || b[1] != 0x25) /* jmp *distance(%rip) */
		return false;
	memcpy(&distance, b + 2, sizeof(distance));
	*slot = at + 6 + (uint64_t)(int64_t)distance;
	return program_slot(p, *slot).known;
}

const struct program_symbol *program_symbol_named(const struct program *p, const char *name)
{
	const struct program_symbol *found = NULL;

	for (size_t i = 1; i < p->symbols.n; i++) {
		const struct program_symbol *s = &p->symbols.v[i];

		if (str_equal(s->name, name) && (!found || (s->defined && !found->defined)))
			found = s;
	}
	return found;
}

static uint64_t field_of(const struct program *p, const char *name, uint32_t type)
{
	vec_for_each(&p->fields, f)
		if (f->type == type && f->symbol && str_equal(p->symbols.v[f->symbol].name, name))
			return f->at;
	return 0;
}

uint64_t program_slot_of(const struct program *p, const char *name)
{
	return field_of(p, name, R_X86_64_GLOB_DAT);
}

/* Stubs have no names: all that have the form are looked at. */
uint64_t program_stub_of(const struct program *p, const char *name)
{
	vec_for_each(&p->image->segments, s) {
		if (!s->executable || !str_starts(s->name, ".plt"))
			continue;
		for (uint64_t at = s->address; at < s->address + s->size; at += 8) {
			struct program_meaning m;
			uint64_t slot;

			if (!program_is_stub(p, at, &slot))
				continue;
			m = program_slot(p, slot);
			if (m.name && str_equal(m.name, name))
				return at;
		}
	}
	return 0;
}

bool program_is_module_slot(const struct program *p, uint64_t slot)
{
	static const uint8_t zero[8];
	const struct program_field *f = program_field_at(p, slot);
	const uint8_t *second = image_bytes(p->image, slot + 8, 8);

	return f && f->type == R_X86_64_DTPMOD64 && !f->symbol && second &&
	       !memcmp(second, zero, 8) && !program_field_at(p, slot + 8);
}

uint64_t program_module_slot(const struct program *p)
{
	vec_for_each(&p->fields, f)
		if (program_is_module_slot(p, f->at))
			return f->at;
	return 0;
}

/* The next function by the unwind table; the segment's end without one. */
static uint64_t next_function(const struct program *p, uint64_t end)
{
	const struct image_segment *s = image_segment_at(p->image, end);
	uint64_t limit = s ? s->address + s->size : end;

	vec_for_each(&p->extents, x)
		if (x->at >= end)
			return x->at < limit ? x->at : limit;
	return limit;
}

uint64_t program_padding(const struct program *p, uint64_t end)
{
	uint64_t limit = next_function(p, end), n = 0, room;
	const uint8_t *b;
	struct insn insn;

	room = limit > end ? limit - end : 0;
	if (room > 64)
		room = 64;
	b = room ? image_bytes(p->image, end, room) : NULL;
	while (b && n < room) {
		if (b[n] == 0xcc) {
			n++;
			continue;
		}
		if (!p->image->arch->decode(b + n, room - n, &insn) || !insn.is_nop)
			break;
		n += insn.length;
	}
	return n;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is masked: the fields of relocations; each place that a table of the object names as one
 * that the kernel rewrites (alternatives, paravirt, thunks, lock prefixes, static keys and calls,
 * ftrace sites, runtime constants); and each instruction that refers to a thunk or a static call,
 * for the tables of those may be made only when vmlinux is linked.
 *
 * Knowledge: arch/x86/kernel/alternative.c, callthunks.c, jump_label.c, static_call.c, ftrace.c;
 * the structures in asm/alternative.h and asm/paravirt_types.h.
 */
#include "flow/build_code.h"

#include <string.h>

#include "base/str.h"

struct mask {
	const struct object *object;
	const struct arch *arch;
	const struct section *section;
	uint64_t start, size; /* of the function in its section */
	const uint8_t *bytes;
	bool *masked;
};

static void mask(struct mask *m, uint64_t offset, uint64_t n)
{
	for (uint64_t i = offset; i < offset + n; i++)
		if (i >= m->start && i - m->start < m->size)
			m->masked[i - m->start] = true;
}

/* --- instructions --------------------------------------------------------------------- */

static void mask_instruction(struct mask *m, uint64_t offset)
{
	struct insn in;

	if (offset < m->start || offset - m->start >= m->size)
		return;
	if (m->arch->decode(m->bytes + (offset - m->start), m->size - (offset - m->start), &in))
		mask(m, offset, in.length);
}

static bool is_rewritten(const char *symbol)
{
	return str_starts(symbol, "__x86_") || str_starts(symbol, "__SC");
}

static bool refers_to_rewritten(const struct mask *m, uint64_t from, uint64_t to)
{
	for (size_t i = section_reloc_at(m->section, from); i < m->section->relocs.n; i++) {
		const struct reloc *r = &m->section->relocs.v[i];

		if (r->offset >= to)
			return false;
		if (is_rewritten(r->symbol->name))
			return true;
	}
	return false;
}

static void mask_thunks(struct mask *m)
{
	struct insn in;

	for (uint64_t at = 0; at < m->size; at += in.length) {
		if (!m->arch->decode(m->bytes + at, m->size - at, &in) || !in.length)
			return;
		if (refers_to_rewritten(m, m->start + at, m->start + at + in.length))
			mask(m, m->start + at, in.length);
	}
}

/* ENDBR64 may be sealed. */
static void mask_entry(struct mask *m)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };

	if (m->size >= sizeof(endbr64) && !memcmp(m->bytes, endbr64, sizeof(endbr64)))
		mask(m, m->start, sizeof(endbr64));
}

/* --- tables --------------------------------------------------------------------------- */

/* Where a table says how long its place is: the byte's offset in the entry, from its end if < 0. */
static const struct extent {
	const char *name;
	int length_at;
	unsigned int length; /* instead; 0: the instruction's */
} extents[] = {
	{ ".altinstructions", -2, 0 }, { ".parainstructions", 9, 0 }, { ".smp_locks", 0, 1 },
	{ "runtime_ptr_", 0, 8 },      { "runtime_shift_", 0, 1 },
};

static const struct extent *extent_of(const char *table)
{
	for (size_t i = 0; i < ARRAY_SIZE(extents); i++)
		if (str_starts(table, extents[i].name))
			return &extents[i];
	return NULL;
}

static void mask_place(struct mask *m, const struct section *table, uint64_t entry, uint64_t size,
		       uint64_t place)
{
	const struct extent *x = extent_of(table->name);
	uint64_t at;

	if (!x) {
		mask_instruction(m, place);
		return;
	}
	at = x->length_at < 0 ? entry + size - (uint64_t)-x->length_at
			      : entry + (uint64_t)x->length_at;
	if (x->length)
		mask(m, place, x->length);
	else if (table->bytes && at < table->size)
		mask(m, place, table->bytes[at]);
}

static bool names_places(const struct special *s)
{
	static const bool kinds[] = {
		[SPECIAL_SITES] = true,	   [SPECIAL_ALTERNATIVES] = true, [SPECIAL_KEYS] = true,
		[SPECIAL_FENTRIES] = true, [SPECIAL_CONSTANTS] = true,
	};

	return s && s->kind < ARRAY_SIZE(kinds) && kinds[s->kind];
}

/* The first relocation of each entry is the code that it is about. */
static void mask_table(struct mask *m, const struct section *table)
{
	const struct special *s = arch_special(m->arch, table->name);
	size_t step = s ? s->relocs_min : 0, n;

	if (!names_places(s) || !step || !table->relocs.n)
		return;
	n = table->relocs.n / step;
	for (size_t i = 0; i < n; i++) {
		const struct reloc *r = &table->relocs.v[i * step];
		uint64_t next = i + 1 < n ? table->relocs.v[(i + 1) * step].offset : table->size;

		if (r->symbol->section == m->section)
			mask_place(m, table, r->offset, next - r->offset,
				   r->symbol->value + (uint64_t)r->addend);
	}
}

static void mask_all(struct mask *m)
{
	size_t i = section_reloc_at(m->section, m->start);

	for (; i < m->section->relocs.n && m->section->relocs.v[i].offset < m->start + m->size;
	     i++) {
		const struct reloc *r = &m->section->relocs.v[i];
		const struct reloc_kind *kind = arch_reloc_kind(m->arch, r->type);

		mask(m, r->offset, kind ? kind->size : 8);
	}
	vec_for_each(&m->object->sections, s)
		mask_table(m, *s);
	mask_thunks(m);
	mask_entry(m);
}

/* --- the text ------------------------------------------------------------------------- */

static const char *code_text(const struct mask *m, struct arena *a)
{
	static const char digits[] = "0123456789abcdef";
	char *text = arena_alloc(a, 2 * m->size + 1);

	if (!text)
		return NULL;
	for (uint64_t i = 0; i < m->size; i++) {
		text[2 * i] = m->masked[i] ? '.' : digits[m->bytes[i] >> 4];
		text[2 * i + 1] = m->masked[i] ? '.' : digits[m->bytes[i] & 15];
	}
	text[2 * m->size] = '\0';
	return text;
}

static bool agrees(const struct mask *m, const uint8_t *shipped)
{
	for (uint64_t i = 0; i < m->size; i++)
		if (!m->masked[i] && m->bytes[i] != shipped[i])
			return false;
	return true;
}

struct error *build_code(const struct object *before, const struct symbol *function,
			 const struct image *image, uint64_t address, struct arena *a,
			 const char **out)
{
	const struct section *s = function->section;
	struct mask m = { .object = before,
			  .arch = image->arch,
			  .section = s,
			  .start = function->value,
			  .size = function->size };
	const uint8_t *shipped = image_bytes(image, address, function->size);

	*out = NULL;
	if (!s || !s->bytes || !function->size || !shipped)
		return NULL;
	m.bytes = s->bytes + function->value;
	m.masked = arena_array(a, m.size, sizeof(*m.masked));
	if (!m.masked)
		return error_nomem();
	memset(m.masked, 0, m.size * sizeof(*m.masked));
	mask_all(&m);
	if (!agrees(&m, shipped))
		return NULL;
	*out = code_text(&m, a);
	return *out ? NULL : error_nomem();
}

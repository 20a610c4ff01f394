// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which unknown a relocation's target belongs to, and what can be said about an address
 * for it without any other match: its content and its name.
 *
 * Merged sections (SHF_MERGE, gABI chapter 4): the linker may move each string or constant
 * by itself, so each is a place of its own.
 */
#include <string.h>

#include "base/str.h"
#include "bind/work.h"
#include "image/program.h"

static struct error *new_place(struct work *w, struct place **out)
{
	*out = arena_new(w->arena, struct place);
	return *out ? NULL : error_nomem();
}

static struct error *section_place(struct work *w, const struct section *s, struct place **out)
{
	struct place **at = &w->by_section[s->index];

	if (!*at) {
		TRY(new_place(w, at));
		(*at)->section = s;
	}
	*out = *at;
	return NULL;
}

static struct error *symbol_place(struct work *w, const struct symbol *s, struct place **out)
{
	struct place **at = &w->by_symbol[s->index];

	if (!*at) {
		TRY(new_place(w, at));
		(*at)->symbol = s;
	}
	*out = *at;
	return NULL;
}

static struct error *piece_place(struct work *w, const struct section *s, uint64_t offset,
				 struct place **out)
{
	uint64_t key = (uint64_t)s->index << 40 | offset;
	uint64_t *known = hash_get_u64(&w->pieces, key);

	if (known) {
		*out = (struct place *)(uintptr_t)*known;
		return NULL;
	}
	TRY(new_place(w, out));
	(*out)->section = s;
	(*out)->offset = offset;
	(*out)->merged = true;
	return hash_put_u64(&w->pieces, key, (uintptr_t)*out);
}

struct place *place_of_section(struct work *w, const struct section *s)
{
	return w->by_section[s->index];
}

struct error *place_of(struct work *w, const struct symbol *s, int64_t addend,
		       const struct reloc_kind *kind, struct place **out, int64_t *distance)
{
	const struct section *in = s->section;
	int64_t bias = kind->pc_relative ? 4 : 0;
	uint64_t at;

	*distance = addend;
	*out = NULL;
	if (!in) {
		if (s->shndx == SHN_UNDEF && *s->name)
			return symbol_place(w, s, out);
		*distance = (int64_t)s->value + addend;
		return NULL;
	}
	if (in->flags & SHF_MERGE && in->size < (uint64_t)1 << 40) {
		/* By a symbol: the piece is where it is. By the section: where the sum leads. */
		at = s->type == STT_SECTION ? s->value + (uint64_t)(addend + bias) : s->value;
		if (s->type == STT_SECTION)
			*distance = -bias;
		if (at < in->size)
			return piece_place(w, in, at, out);
	}
	if (s->bind == STB_WEAK)
		return symbol_place(w, s, out);
	*distance = (int64_t)s->value + addend;
	return section_place(w, in, out);
}

/* Bytes of the piece: a string with its end, or one constant. */
static uint64_t piece_size(const struct section *s, uint64_t offset)
{
	uint64_t unit = s->entsize ? s->entsize : 1, n = 0;
	static const uint8_t zero[16];

	if (!(s->flags & SHF_STRINGS) || unit > sizeof(zero))
		return unit < s->size - offset ? unit : s->size - offset;
	while (n + unit <= s->size - offset && memcmp(s->bytes + offset + n, zero, unit))
		n += unit;
	return n + unit <= s->size - offset ? n + unit : s->size - offset;
}

static bool same_content(const struct work *w, const struct place *p, uint64_t address)
{
	const struct section *s = p->section;
	const uint8_t *bytes;
	uint64_t n;

	if (!s->bytes || p->offset >= s->size)
		return true;
	n = piece_size(s, p->offset);
	bytes = image_bytes(w->image, address, n);
	return bytes && !memcmp(bytes, s->bytes + p->offset, n);
}

/*
 * A name that the image has must be where it has it. One that it does not have says nothing:
 * kallsyms leaves some out, and the linker script has names for addresses of its own.
 */
static bool name_fits(const struct work *w, const char *name, uint64_t address)
{
	size_t first;

	if (!*name || !strncmp(name, ".L", 2) || !image_symbols_named(w->image, name, &first))
		return true;
	return image_symbol_named_at(w->image, name, address) != NULL;
}

static bool names_fit(const struct work *w, const struct place *p, uint64_t address)
{
	const struct program *program = program_of(w->image);
	/* Where private things have no names, the name is another's. */
	bool only_public = program && !program->has_names && w->image == program->image;

	if (p->symbol)
		return name_fits(w, p->symbol->name, address);
	/* Behind a shorter jump the later symbols of a section of functions are nearer. */
	vec_for_each(&p->section->symbols, s) {
		bool moved = p->code && (*s)->value > p->code->main->value;

		if ((*s)->bind != STB_WEAK && !moved && !(only_public && (*s)->bind == STB_LOCAL) &&
		    !name_fits(w, (*s)->name, address + (*s)->value))
			return false;
	}
	return true;
}

static bool address_of(const struct work *w, const char *name, uint64_t *out)
{
	size_t first;

	if (image_symbols_named(w->image, name, &first) != 1)
		return false;
	*out = w->image->symbols.v[w->image->name_order.v[first]].address;
	return true;
}

bool place_is_bugs(const struct work *w, const struct place *p)
{
	const struct special *s = p->section ? arch_special(w->arch, p->section->name) : NULL;

	return s && s->kind == SPECIAL_BUGS;
}

/* The bounds that the kernel itself goes by (lib/bug.c); a module's table is a section. */
static bool in_table_of_bugs(const struct work *w, const struct section *s, uint64_t address)
{
	const struct image_segment *seg = image_segment_at(w->image, address);
	uint64_t from, to;

	if (!seg)
		return false;
	if (str_equal(w->image->name, "vmlinux") && address_of(w, "__start___bug_table", &from) &&
	    address_of(w, "__stop___bug_table", &to))
		return address >= from && address <= to && s->size <= to - address;
	return (!*seg->name || str_equal(seg->name, s->name)) &&
	       s->size <= seg->size - (address - seg->address);
}

enum difference_kind place_check(struct work *w, struct place *p, uint64_t address)
{
	if ((p->checked && p->checked_at == address) || p->slot_type)
		return DIFFER_NOT;
	if (p->merged && !same_content(w, p, address))
		return DIFFER_CONTENT;
	if (!p->merged && w->use_names && !names_fit(w, p, address))
		return DIFFER_NAME;
	if (place_is_bugs(w, p) && !in_table_of_bugs(w, p->section, address))
		return DIFFER_NAME;
	p->checked = p->merged || w->use_names;
	p->checked_at = address;
	return DIFFER_NOT;
}

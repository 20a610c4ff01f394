// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How large an entry of a special section is. It differs between kernels and is learnt: the
 * relocations repeat with each entry, and where they allow for more than one size, sh_entsize
 * or the structure's size in the debug information decides. If nothing does, nobody knows.
 */
#include "delta/private.h"
#include "dwarf/struct_size.h"

#define MAX_SLOTS 4

static bool is_code(const struct view *v, const struct section *to)
{
	/* By the flag: trampolines of static calls are code too, and in no class of code. */
	return to && (to->flags & SHF_EXECINSTR || v->class[to->index] == CLASS_PIECES);
}

/* What a relocation is, as far as telling entries apart goes. */
static uint64_t shape(const struct view *v, const struct reloc *r, uint64_t entry_start)
{
	return (r->offset - entry_start) << 16 | (uint64_t)r->type << 1 |
	       is_code(v, r->symbol->section);
}

/* Whether relocations, as those of one entry, refer to what such an entry is about. */
static bool roles_fit(const struct view *v, const struct table *t, const struct reloc *r, size_t n)
{
	if (!is_code(v, r[0].symbol->section))
		return false;
	switch (t->special->kind) {
	case SPECIAL_ALTERNATIVES:
		return n == 2 && r[1].symbol->section == t->partner;
	case SPECIAL_FIXUPS: /* two labels; then perhaps the handler, a function by its name */
		return n >= 2 && is_code(v, r[1].symbol->section) &&
		       r[0].symbol->bind == STB_LOCAL && r[1].symbol->bind == STB_LOCAL &&
		       (n < 3 || r[2].symbol->bind != STB_LOCAL);
	case SPECIAL_KEYS:
		return !is_code(v, r[n - 1].symbol->section) &&
		       (n < 3 || is_code(v, r[1].symbol->section));
	case SPECIAL_BUGS:
		for (size_t i = 1; i < n; i++)
			if (is_code(v, r[i].symbol->section))
				return false;
		return true;
	default:
		return true;
	}
}

/* The last entry may lack its padding. */
static bool fills(const struct table *t, uint64_t size, uint64_t n)
{
	uint64_t align = t->special->align ? t->special->align : 1;

	if (n > UINT64_MAX / size || size % align)
		return false;
	return t->section->size <= n * size && n * size - t->section->size < align;
}

/* Whether entries of this size, 'per' relocations in each, are all alike and begin with one. */
static bool repeats(const struct view *v, const struct table *t, uint64_t size, size_t per)
{
	const struct section *s = t->section;

	if (!size || s->relocs.v[0].offset || !fills(t, size, s->relocs.n / per))
		return false;
	for (size_t i = 0; i < s->relocs.n; i++) {
		const struct reloc *r = &s->relocs.v[i];
		uint64_t start = i / per * size;

		if (r->offset < start || r->offset >= start + size ||
		    shape(v, r, start) != shape(v, &s->relocs.v[i % per], 0))
			return false;
		if (i % per == 0 && !roles_fit(v, t, r, per))
			return false;
	}
	return true;
}

struct sizes {
	uint64_t v[MAX_SLOTS];
	size_t n;
};

static bool has_size(const struct sizes *s, uint64_t size)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i] == size)
			return true;
	return false;
}

static struct sizes sizes_that_fit(const struct view *v, const struct table *t)
{
	const struct section *s = t->section;
	uint64_t align = t->special->align ? t->special->align : 1;
	struct sizes fit = { 0 };

	for (size_t per = t->special->relocs_min;
	     per && per <= t->special->relocs_max && per <= s->relocs.n && fit.n < MAX_SLOTS;
	     per++) {
		uint64_t size = s->relocs.n > per ? s->relocs.v[per].offset
						  : (s->size + align - 1) / align * align;

		if (s->relocs.n % per == 0 && repeats(v, t, size, per))
			fit.v[fit.n++] = size;
	}
	return fit;
}

static struct error *size_by_debug(struct view *v, const struct table *t, uint64_t *out)
{
	const struct debug *debug;

	*out = 0;
	if (!t->special->type)
		return NULL;
	TRY(view_debug(v, &debug));
	*out = struct_size(debug, t->special->type);
	return NULL;
}

struct error *learn_entry_size(struct view *v, struct table *t)
{
	struct sizes fit = sizes_that_fit(v, t);
	uint64_t size = t->section->entsize;

	if (!fit.n) {
		t->trouble = "the size of its entries can't be told";
		return NULL;
	}
	if (size && !has_size(&fit, size)) {
		t->trouble = "its header and its relocations disagree on the size of an entry";
		return NULL;
	}
	if (!size && fit.n == 1)
		size = fit.v[0];
	if (!size)
		TRY(size_by_debug(v, t, &size));
	if (has_size(&fit, size))
		t->entry_size = size;
	else
		t->trouble = "its entries may be of more than one size";
	return NULL;
}

static struct error *check_sizes_of(struct view *v)
{
	vec_for_each(&v->tables, t) {
		uint64_t size;

		if (!t->entry_size)
			continue;
		TRY(size_by_debug(v, t, &size));
		if (size && size != t->entry_size)
			t->trouble = "its entries are not of the size that debug information says";
	}
	return NULL;
}

struct error *check_entry_sizes(struct delta *d)
{
	TRY(check_sizes_of(&d->private->before));
	return check_sizes_of(&d->private->after);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "dwarf/lines.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <libelf.h>

/* The code of one function, for finding the one that an address is in. */
struct function {
	uint64_t low, high;
	Dwarf_Die die;
};

struct lines {
	const struct object *object;
	uint64_t *address; /* made up, by section index; 0 for sections without one */
	struct strbuf image;
	Elf *elf;
	Dwarf *dwarf;
	VEC(Dwarf_Die) units;
	bool indexed;
	VEC(struct function) functions; /* sorted by low */
	struct hash_map declared;	/* address -> index into places + 1 */
	VEC(struct line) places;
};

void lines_free(struct lines **at)
{
	struct lines *l = *at;

	if (!l)
		return;
	dwarf_end(l->dwarf);
	elf_end(l->elf);
	strbuf_free(&l->image);
	vec_free(&l->units);
	vec_free(&l->functions);
	vec_free(&l->places);
	hash_free(&l->declared);
	free(l->address);
	free(l);
	*at = NULL;
}

static struct error *make_up_addresses(struct lines *l)
{
	uint64_t next = 0x1000;

	l->address = calloc(l->object->sections.n, sizeof(*l->address));
	if (!l->address)
		return error_nomem();
	vec_for_each(&l->object->sections, it) {
		if (!((*it)->flags & SHF_ALLOC) || (*it)->size > INT32_MAX)
			continue;
		l->address[(*it)->index] = next;
		next = (next + (*it)->size + 0x20) & ~(uint64_t)0xf;
	}
	return NULL;
}

/* Fields of debug sections are absolute, of 4 or 8 bytes. */
static bool relocate(struct lines *l, const struct section *s)
{
	uint8_t *bytes = (uint8_t *)l->image.s + (s->bytes - (uint8_t *)l->object->content.s);

	vec_for_each(&s->relocs, r) {
		const struct section *to = r->symbol->section;
		uint64_t value = r->symbol->value + (uint64_t)r->addend;
		size_t size = r->type == R_X86_64_64 ? 8 : 4;

		if (r->type != R_X86_64_64 && r->type != R_X86_64_32)
			return false;
		if (s->size - r->offset < size)
			return false;
		if (to)
			value += l->address[to->index];
		memcpy(bytes + r->offset, &value, size);
	}
	return true;
}

static bool relocate_all(struct lines *l)
{
	vec_for_each(&l->object->sections, it) {
		const struct section *s = *it;

		if (!str_starts(s->name, ".debug_") || !s->relocs.n)
			continue;
		if (!s->bytes || s->flags & SHF_COMPRESSED || !relocate(l, s))
			return false;
	}
	return true;
}

static struct error *open_units(struct lines *l)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;

	while (!dwarf_get_units(l->dwarf, cu, &cu, NULL, NULL, &die, NULL))
		TRY(vec_push(&l->units, die));
	return NULL;
}

struct error *lines_open(const struct object *o, struct lines **out)
{
	struct lines *l __cleanup_lines = calloc(1, sizeof(*l));

	if (!l)
		return error_nomem();
	l->object = o;
	TRY(make_up_addresses(l));
	if (o->content.n && object_section(o, ".debug_info")) {
		TRY(strbuf_add(&l->image, o->content.s, o->content.n));
		if (relocate_all(l)) {
			elf_version(EV_CURRENT);
			l->elf = elf_memory(l->image.s, l->image.n);
			l->dwarf = l->elf ? dwarf_begin_elf(l->elf, DWARF_C_READ, NULL) : NULL;
		}
	}
	if (l->dwarf)
		TRY(open_units(l));
	*out = take(l);
	return NULL;
}

/* Names are made absolute by libdw: take the build folder off again. */
static const char *without_folder(Dwarf_Die *unit, const char *file)
{
	Dwarf_Attribute attr;
	const char *folder = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attr));
	size_t n = folder ? strlen(folder) : 0;

	if (file && n && !strncmp(file, folder, n) && file[n] == '/')
		file += n + 1;
	while (file && !strncmp(file, "./", 2))
		file += 2;
	return file;
}

struct line lines_at(struct lines *l, const struct section *s, uint64_t offset)
{
	struct line none = { 0 };

	if (!l || !l->address[s->index])
		return none;
	vec_for_each(&l->units, unit) {
		Dwarf_Line *row = dwarf_getsrc_die(unit, l->address[s->index] + offset);
		struct line at = { 0 };
		int line;

		if (!row || dwarf_lineno(row, &line) || line <= 0)
			continue;
		at.file = without_folder(unit, dwarf_linesrc(row, NULL, NULL));
		at.line = (unsigned int)line;
		return at;
	}
	return none;
}

static struct error *note_declared(struct lines *l, Dwarf_Die *unit, Dwarf_Die *die,
				   uint64_t address)
{
	struct line at = { 0 };
	Dwarf_Attribute attr;
	Dwarf_Die origin;
	int line;

	if (dwarf_attr_integrate(die, DW_AT_abstract_origin, &attr) &&
	    dwarf_formref_die(&attr, &origin))
		die = &origin;
	if (dwarf_decl_line(die, &line) || line <= 0)
		return NULL;
	at.file = without_folder(unit, dwarf_decl_file(die));
	at.line = (unsigned int)line;
	TRY(vec_push(&l->places, at));
	return hash_put_u64(&l->declared, address, l->places.n - 1);
}

static bool variable_address(Dwarf_Die *die, uint64_t *out)
{
	Dwarf_Attribute attr;
	Dwarf_Op *op;
	size_t n;

	if (!dwarf_attr(die, DW_AT_location, &attr) || dwarf_getlocation(&attr, &op, &n) ||
	    n != 1 || op->atom != DW_OP_addr)
		return false;
	*out = op->number;
	return true;
}

static struct error *index_function(struct lines *l, Dwarf_Die *unit, Dwarf_Die *die)
{
	Dwarf_Addr base, low, high;
	ptrdiff_t i = 0;

	while ((i = dwarf_ranges(die, i, &base, &low, &high)) > 0) {
		TRY(vec_push(&l->functions, (struct function){ low, high, *die }));
		TRY(note_declared(l, unit, die, low));
	}
	return NULL;
}

#define DEPTH 64

/* Functions, and the variables in them and outside; types are stepped over. */
static struct error *index_children(struct lines *l, Dwarf_Die *unit, Dwarf_Die *parent, int depth)
{
	Dwarf_Die die;
	uint64_t address;

	if (depth == DEPTH || dwarf_child(parent, &die))
		return NULL;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			TRY(index_function(l, unit, &die));
			TRY(index_children(l, unit, &die, depth + 1));
			break;
		case DW_TAG_lexical_block:
		case DW_TAG_inlined_subroutine:
			TRY(index_children(l, unit, &die, depth + 1));
			break;
		case DW_TAG_variable:
			if (variable_address(&die, &address))
				TRY(note_declared(l, unit, &die, address));
			break;
		}
	} while (!dwarf_siblingof(&die, &die));
	return NULL;
}

static int by_low(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	return x->low < y->low ? -1 : x->low > y->low;
}

/* Once, when first asked. What can't be indexed stays unknown. */
static void make_index(struct lines *l)
{
	struct error *e __cleanup_error = NULL;

	if (l->indexed)
		return;
	l->indexed = true;
	for (size_t i = 0; i < l->units.n && !e; i++)
		e = index_children(l, &l->units.v[i], &l->units.v[i], 0);
	vec_sort(&l->functions, by_low);
}

static const struct function *function_at(struct lines *l, uint64_t address)
{
	size_t low = 0, high = l->functions.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (l->functions.v[mid].low <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low && address < l->functions.v[low - 1].high ? &l->functions.v[low - 1] : NULL;
}

/* The lines of the calls whose inlined bodies have the address, outermost first. */
static size_t inlined_calls(Dwarf_Die *parent, uint64_t address, unsigned int *out, size_t max,
			    int depth)
{
	Dwarf_Attribute attr;
	Dwarf_Word line;
	Dwarf_Die die;
	size_t n = 0;

	if (depth == DEPTH || dwarf_child(parent, &die))
		return 0;
	do {
		int tag = dwarf_tag(&die);

		if ((tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block) ||
		    dwarf_haspc(&die, address) <= 0)
			continue;
		if (tag == DW_TAG_inlined_subroutine && n < max &&
		    !dwarf_formudata(dwarf_attr(&die, DW_AT_call_line, &attr), &line))
			out[n++] = (unsigned int)line;
		return n + inlined_calls(&die, address, out + n, max - n, depth + 1);
	} while (!dwarf_siblingof(&die, &die));
	return 0;
}

size_t lines_around(struct lines *l, const struct section *s, uint64_t offset, unsigned int *out,
		    size_t max)
{
	struct line own = lines_at(l, s, offset);
	const struct function *f;
	size_t n = 0, calls;

	if (!own.file || !max)
		return 0;
	out[n++] = own.line;
	make_index(l);
	f = function_at(l, l->address[s->index] + offset);
	if (!f)
		return n;
	calls = inlined_calls((Dwarf_Die *)&f->die, l->address[s->index] + offset, out + n, max - n,
			      0);
	for (size_t i = 0; i < calls / 2; i++) {
		unsigned int swap = out[n + i];

		out[n + i] = out[n + calls - 1 - i];
		out[n + calls - 1 - i] = swap;
	}
	return n + calls;
}

struct line lines_declared(struct lines *l, const struct section *s, uint64_t offset)
{
	struct line none = { 0 };
	uint64_t *at;

	if (!l || !l->address[s->index])
		return none;
	make_index(l);
	at = hash_get_u64(&l->declared, l->address[s->index] + offset);
	return at ? l->places.v[*at] : none;
}

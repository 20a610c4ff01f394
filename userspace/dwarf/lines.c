// SPDX-License-Identifier: GPL-2.0-or-later
#include "dwarf/lines.h"

#include <dwarf.h>

/* The code of one function, for finding the one that an address is in. */
struct function {
	uint64_t low, high;
	Dwarf_Die die;
};

struct lines {
	struct debug *debug;
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
	debug_free(&l->debug);
	vec_free(&l->functions);
	vec_free(&l->places);
	hash_free(&l->declared);
	free(l);
	*at = NULL;
}

struct error *lines_open(const struct object *o, struct lines **out)
{
	struct lines *l __cleanup_lines = calloc(1, sizeof(*l));

	if (!l)
		return error_nomem();
	TRY(debug_open(o, &l->debug));
	*out = take(l);
	return NULL;
}

const struct debug *lines_debug(const struct lines *l)
{
	return l->debug;
}

struct line lines_at(struct lines *l, const struct section *s, uint64_t offset)
{
	struct line none = { 0 };

	if (!l || !l->debug->address[s->index])
		return none;
	vec_for_each(&l->debug->units, unit) {
		Dwarf_Line *row = dwarf_getsrc_die(unit, l->debug->address[s->index] + offset);
		struct line at = { 0 };
		int line;

		if (!row || dwarf_lineno(row, &line) || line <= 0)
			continue;
		at.file = debug_file(unit, dwarf_linesrc(row, NULL, NULL));
		at.line = (unsigned int)line;
		return at;
	}
	return none;
}

/* libdw takes number 0 for none; since DWARF 5 it is the unit's own source, and clang uses it. */
static const char *declaring_file(Dwarf_Die *unit, Dwarf_Die *die)
{
	const char *file = dwarf_decl_file(die);
	Dwarf_Attribute attr;
	Dwarf_Files *files;
	Dwarf_Word number;
	size_t n;

	if (file)
		return file;
	if (dwarf_formudata(dwarf_attr_integrate(die, DW_AT_decl_file, &attr), &number) || number ||
	    dwarf_getsrcfiles(unit, &files, &n) || !n)
		return NULL;
	return dwarf_filesrc(files, 0, NULL, NULL);
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
	at.file = debug_file(unit, declaring_file(unit, die));
	at.line = (unsigned int)line;
	TRY(vec_push(&l->places, at));
	return hash_put_u64(&l->declared, address, l->places.n - 1);
}

static bool variable_address(Dwarf_Die *die, Dwarf_Addr *out)
{
	Dwarf_Attribute attr;
	Dwarf_Op *op;
	size_t n;

	if (!dwarf_attr(die, DW_AT_location, &attr) || dwarf_getlocation(&attr, &op, &n) || n != 1)
		return false;
	if (op->atom == DW_OP_addrx) { /* clang keeps addresses in a table of their own */
		Dwarf_Attribute at;

		return !dwarf_getlocation_attr(&attr, op, &at) && !dwarf_formaddr(&at, out);
	}
	*out = op->number;
	return op->atom == DW_OP_addr;
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
	Dwarf_Addr address;
	Dwarf_Die die;

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
	for (size_t i = 0; i < l->debug->units.n && !e; i++)
		e = index_children(l, &l->debug->units.v[i], &l->debug->units.v[i], 0);
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
	f = function_at(l, l->debug->address[s->index] + offset);
	if (!f)
		return n;
	calls = inlined_calls((Dwarf_Die *)&f->die, l->debug->address[s->index] + offset, out + n,
			      max - n, 0);
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

	if (!l || !l->debug->address[s->index])
		return none;
	make_index(l);
	at = hash_get_u64(&l->declared, l->debug->address[s->index] + offset);
	return at ? l->places.v[*at] : none;
}

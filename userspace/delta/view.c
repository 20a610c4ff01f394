// SPDX-License-Identifier: GPL-2.0-or-later
/* Cutting an object into nodes. */
#include "delta/private.h"

static struct error *add_node(struct view *v, struct section *s, uint64_t start, uint64_t size,
			      struct node **out)
{
	struct node *n = arena_new(v->arena, struct node);
	size_t first = section_reloc_at(s, start);

	if (!n)
		return error_nomem();
	n->view = v;
	n->section = s;
	n->class = v->class[s->index];
	n->start = start;
	n->size = size;
	n->bytes = s->bytes ? s->bytes + start : NULL;
	n->relocs = s->relocs.v ? s->relocs.v + first : NULL;
	n->n_relocs = section_reloc_at(s, start + size) - first;
	n->is_private = n->class == CLASS_PRIVATE || n->class == CLASS_PIECES;
	n->index = v->nodes.n;
	v->in_section[s->index].n++;
	if (out)
		*out = n;
	return vec_push(&v->nodes, n);
}

/* Alignment between two symbols: nops in code, zeroes in data. */
static bool is_padding(const struct view *v, const struct section *s, uint64_t from, uint64_t to)
{
	struct insn insn;

	if (section_reloc_at(s, from) != section_reloc_at(s, to))
		return false;
	if (!s->bytes)
		return true;
	while (from < to && s->bytes[from] == 0)
		from++;
	if (!(s->flags & SHF_EXECINSTR))
		return from == to;
	while (from < to) {
		if (!v->arch->decode(s->bytes + from, to - from, &insn) || !insn.is_nop)
			return false;
		from += insn.length;
	}
	return true;
}

/* Does a node begin here? Labels inside of a function or variable don't count. */
static bool cuts(const struct symbol *sym)
{
	switch (sym->type) {
	case STT_FUNC:
	case STT_OBJECT:
	case STT_TLS:
		return true;
	case STT_NOTYPE:
		return sym->bind != STB_LOCAL;
	}
	return false;
}

/* Of several symbols for one place: a global one before a local, a weak one last. */
static bool stands_better(const struct symbol *a, const struct symbol *b)
{
	static const int rank[] = { [STB_LOCAL] = 1, [STB_GLOBAL] = 2, [STB_WEAK] = 0 };
	int x = a->bind < ARRAY_SIZE(rank) ? rank[a->bind] : 0;
	int y = b->bind < ARRAY_SIZE(rank) ? rank[b->bind] : 0;

	return x > y;
}

/*
 * Where calls are padded (CONFIG_CALL_PADDING), objtool gives the nops before a function the
 * name __pfx_FUNCTION: the kernel may write code there that leads into it, and its unwind
 * table says what is true of both in one entry.
 */
static uint64_t lead_of(const struct view *v, const struct section *s, size_t i, uint64_t from)
{
	uint64_t start = s->symbols.v[i]->value;

	while (i > 0) {
		const struct symbol *sym = s->symbols.v[--i];

		if (sym->value < from)
			break;
		if (sym->value < start && sym->value + sym->size == start &&
		    str_starts(sym->name, "__pfx_") && is_padding(v, s, sym->value, start))
			return start - sym->value;
	}
	return 0;
}

/* Is it such a name, with the function right behind? */
static bool is_lead(const struct view *v, const struct section *s, size_t i)
{
	const struct symbol *sym = s->symbols.v[i];
	uint64_t end = sym->value + sym->size;

	if (!str_starts(sym->name, "__pfx_") || !sym->size)
		return false;
	for (size_t k = i + 1; k < s->symbols.n && s->symbols.v[k]->value <= end; k++)
		if (s->symbols.v[k]->value == end && cuts(s->symbols.v[k]))
			return is_padding(v, s, sym->value, end);
	return false;
}

static struct error *fill_gap(struct view *v, struct section *s, uint64_t from, uint64_t to)
{
	if (from >= to || is_padding(v, s, from, to))
		return NULL;
	return add_node(v, s, from, to - from, NULL);
}

/* Where the symbols from i on that overlap end, and the first one that does not. */
static uint64_t extent(const struct section *s, size_t i, size_t *next)
{
	const struct symbol *first = s->symbols.v[i];
	uint64_t end = first->value + first->size;
	bool sized = first->size || first->type == STT_OBJECT;
	size_t k;

	for (k = i + 1; k < s->symbols.n; k++) {
		const struct symbol *sym = s->symbols.v[k];

		if (!cuts(sym))
			continue;
		if (sym->value != first->value && sym->value >= end)
			break;
		if (sym->value + sym->size > end)
			end = sym->value + sym->size;
		sized = sized || sym->size || sym->type == STT_OBJECT;
	}
	*next = k;
	if (!sized) /* assembler code without .size: up to the next symbol */
		end = k < s->symbols.n ? s->symbols.v[k]->value : s->size;
	return end;
}

static struct error *cut_by_symbols(struct view *v, struct section *s)
{
	uint64_t done = 0, end, lead;
	struct node *n;
	size_t i, next;

	for (i = 0; i < s->symbols.n; i = next) {
		struct symbol *first = s->symbols.v[i];

		next = i + 1;
		if (!cuts(first) || is_lead(v, s, i))
			continue;
		lead = lead_of(v, s, i, done);
		TRY(fill_gap(v, s, done, first->value - lead));
		end = extent(s, i, &next);
		TRY(add_node(v, s, first->value, end - first->value, &n));
		n->lead = lead;
		n->symbol = first;
		for (size_t k = i + 1; k < next; k++) {
			struct symbol *sym = s->symbols.v[k];

			if (!cuts(sym) || sym->value != first->value)
				continue;
			n->aliases++;
			if (stands_better(sym, n->symbol))
				n->symbol = sym;
		}
		done = end;
	}
	return fill_gap(v, s, done, s->size);
}

static int by_offset(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Code that is referred to from elsewhere begins a piece. */
static struct error *cut_pieces(struct view *v, struct section *s, uint64_t *starts, size_t n)
{
	uint64_t from = 0;

	qsort(starts, n, sizeof(*starts), by_offset);
	for (size_t i = 0; i < n; i++) {
		if (starts[i] <= from || starts[i] >= s->size)
			continue;
		TRY(add_node(v, s, from, starts[i] - from, NULL));
		from = starts[i];
	}
	return from < s->size ? add_node(v, s, from, s->size - from, NULL) : NULL;
}

struct place {
	const struct section *section;
	uint64_t offset;
};

/* Every place in sections of pieces that some relocation refers to. */
struct places {
	VEC(struct place) v;
};

static void places_free(struct places *p)
{
	vec_free(&p->v);
}

static struct error *find_piece_starts(struct view *v, struct places *out)
{
	bool any = false;

	vec_for_each(&v->object->sections, it)
		any = any || v->class[(*it)->index] == CLASS_PIECES;
	if (!any)
		return NULL;
	vec_for_each(&v->object->sections, it) {
		struct section *s = *it;

		if (v->class[s->index] == CLASS_IGNORED)
			continue;
		vec_for_each(&s->relocs, r) {
			struct place at = { .section = r->symbol->section };

			if (!at.section || v->class[at.section->index] != CLASS_PIECES)
				continue;
			at.offset = r->symbol->value + (uint64_t)r->addend;
			if (s->flags & SHF_EXECINSTR && s->bytes &&
			    v->arch->is_branch_field(s->bytes, r->offset))
				at.offset += 4;
			TRY(vec_push(&out->v, at));
		}
	}
	return NULL;
}

static struct error *cut_section(struct view *v, struct section *s, const struct places *places)
{
	struct node *n;

	switch (v->class[s->index]) {
	case CLASS_IGNORED:
	case CLASS_SPECIAL:
		return NULL;
	case CLASS_PIECES: {
		uint64_t *starts __free = calloc(places->v.n + 1, sizeof(*starts));
		size_t k = 0;

		if (!starts)
			return error_nomem();
		vec_for_each(&places->v, at)
			if (at->section == s)
				starts[k++] = at->offset;
		return cut_pieces(v, s, starts, k);
	}
	case CLASS_LITERALS:
	case CLASS_BOOT:
	case CLASS_REGISTRY:
	case CLASS_UNKNOWN:
		TRY(add_node(v, s, 0, s->size, &n));
		if (s->symbols.n == 1 && s->symbols.v[0]->size == s->size)
			n->symbol = s->symbols.v[0];
		return NULL;
	default:
		return cut_by_symbols(v, s);
	}
}

/*
 * Functions that share a section refer to one another without a relocation: the assembler
 * knows the distance. Give these branches a relocation, and a zero field like the others,
 * so that they are compared by what they mean and can be moved.
 */
struct implicit {
	VEC(struct reloc) relocs;
	uint8_t *bytes;
};

static void implicit_free(struct implicit *m)
{
	vec_free(&m->relocs);
}

static bool has_reloc(const struct node *n, uint64_t offset)
{
	size_t i = section_reloc_at(n->section, offset);

	return i < n->section->relocs.n && n->section->relocs.v[i].offset == offset;
}

static struct error *make_explicit(struct node *n, const struct insn *insn, uint64_t at,
				   struct implicit *m)
{
	struct reloc r = { .offset = n->start + at + insn->rel_at };
	int64_t to = (int64_t)(n->start + at + insn->length) + insn->rel;
	struct node *other;

	if (!insn->rel_size || has_reloc(n, r.offset) ||
	    (to >= (int64_t)n->start && to < (int64_t)(n->start + n->size)))
		return NULL;
	other = to < 0 || (uint64_t)to > n->section->size ? NULL
							  : view_node_at(n->view, n->section, to);
	if (!other || !other->symbol || (insn->rel_size != 4 && insn->rel_size != 1)) {
		n->undecodable = true;
		return NULL;
	}
	if (!m->bytes) {
		m->bytes = arena_dup(n->view->arena, n->bytes, n->size);
		if (!m->bytes)
			return error_nomem();
	}
	r.type = insn->rel_size == 4 ? R_X86_64_PC32 : R_X86_64_PC8;
	r.symbol = other->symbol;
	r.addend = to - (int64_t)other->symbol->value - insn->rel_size;
	memset(m->bytes + at + insn->rel_at, 0, insn->rel_size);
	return vec_push(&m->relocs, r);
}

static int by_reloc_offset(const void *a, const void *b)
{
	const struct reloc *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static struct error *find_implicit(struct node *n)
{
	struct implicit m __cleanup(implicit_free) = { 0 };
	struct insn insn;

	for (uint64_t at = 0; at < n->size; at += insn.length) {
		if (!n->view->arch->decode(n->bytes + at, n->size - at, &insn)) {
			n->undecodable = true;
			break;
		}
		TRY(make_explicit(n, &insn, at, &m));
	}
	if (!m.relocs.n)
		return NULL;
	for (size_t i = 0; i < n->n_relocs; i++)
		TRY(vec_push(&m.relocs, n->relocs[i]));
	vec_sort(&m.relocs, by_reloc_offset);
	n->bytes = m.bytes;
	n->n_relocs = m.relocs.n;
	n->relocs = arena_dup(n->view->arena, m.relocs.v, m.relocs.n * sizeof(*m.relocs.v));
	return n->relocs ? NULL : error_nomem();
}

static struct error *find_all_implicit(struct view *v)
{
	vec_for_each(&v->nodes, it) {
		struct node *n = *it;

		if ((n->class == CLASS_TEXT || n->class == CLASS_BOOT_TEXT) && n->bytes &&
		    v->in_section[n->section->index].n > 1)
			TRY(find_implicit(n));
	}
	return NULL;
}

static struct error *name_node(struct node *n)
{
	if (!n->symbol)
		return NULL;
	n->stem = n->symbol->name;
	/* A pointer of the compiler's, for unwind tables to refer to. */
	if (n->view->arch->process && str_starts(n->stem, "DW.ref."))
		n->is_private = true;
	if (n->symbol->bind != STB_LOCAL || node_is_blob(n))
		return NULL;
	TRY(name_stem(n->view->arena, n->symbol->name, &n->stem, &n->numbered));
	if (n->class == CLASS_DATA &&
	    name_is_private(n->stem, n->numbered, section_is_written(n->section)))
		n->is_private = true;
	return NULL;
}

static struct error *name_nodes(struct view *v)
{
	vec_for_each(&v->nodes, it)
		TRY(name_node(*it));
	v->of_symbol = arena_array(v->arena, v->object->symbols.n, sizeof(*v->of_symbol));
	if (!v->of_symbol)
		return error_nomem();
	vec_for_each(&v->object->symbols, it) {
		struct symbol *sym = *it;

		if (!sym->section)
			continue;
		if (sym->type == STT_SECTION) {
			if (v->in_section[sym->section->index].n == 1)
				v->of_symbol[sym->index] = view_node_at(v, sym->section, 0);
			continue;
		}
		v->of_symbol[sym->index] = view_node_at(v, sym->section, (int64_t)sym->value);
	}
	return NULL;
}

/* A field must lie in its section: everything behind relies on it. */
static struct error *check_fields(const struct view *v, const struct section *s)
{
	vec_for_each(&s->relocs, r) {
		const struct reloc_kind *k = arch_reloc_kind(v->arch, r->type);

		if (k && k->size > s->size - r->offset)
			return error_failed("%s: section %s: the relocation at 0x%lx goes beyond "
					    "its end",
					    v->object->name, s->name, r->offset);
	}
	return NULL;
}

struct error *view_make(const struct object *o, const struct arch *a, struct arena *arena,
			struct view *v)
{
	struct places places __cleanup(places_free) = { 0 };
	size_t n = o->sections.n;

	v->object = o;
	v->arch = a;
	v->arena = arena;
	v->class = arena_array(arena, n, sizeof(*v->class));
	v->in_section = arena_array(arena, n, sizeof(*v->in_section));
	if (!v->class || !v->in_section)
		return error_nomem();
	vec_for_each(&o->sections, it) {
		v->class[(*it)->index] = section_classify(a, *it);
		if (v->class[(*it)->index] != CLASS_IGNORED)
			TRY(check_fields(v, *it));
	}
	TRY(find_piece_starts(v, &places));
	vec_for_each(&o->sections, it) {
		v->in_section[(*it)->index].first = v->nodes.n;
		TRY(cut_section(v, *it, &places));
	}
	TRY(name_nodes(v));
	view_link_unwind(v);
	TRY(find_all_implicit(v));
	return view_cut_tables(v);
}

void view_free(struct view *v)
{
	vec_free(&v->nodes);
	vec_free(&v->tables);
	lines_free(&v->lines);
}

/* Labels within a node are not its name. */
struct node *view_node_named(const struct view *v, const char *name)
{
	const struct symbol *sym = object_symbol(v->object, name);
	struct node *n = sym ? v->of_symbol[sym->index] : NULL;

	if (!n || !n->symbol || sym->value != n->start || !cuts(sym) || n->numbered ||
	    n->is_private || node_is_blob(n))
		return NULL;
	return n;
}

struct node *view_node_at(const struct view *v, const struct section *s, int64_t offset)
{
	size_t n = v->in_section[s->index].n, low = 0, high = n;
	struct node *const *nodes = v->nodes.v + v->in_section[s->index].first;
	struct node *at;

	if (!n)
		return NULL;
	if (n == 1)
		return nodes[0];
	if (offset < 0)
		return NULL;
	while (low < high) { /* the first that begins behind offset */
		size_t mid = low + (high - low) / 2;

		if (node_begin(nodes[mid]) <= (uint64_t)offset)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;
	at = nodes[low - 1];
	return (uint64_t)offset - node_begin(at) <= at->lead + at->size ? at : NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* The included part of after, as an object of its own. */
#include "delta/private.h"

struct extractor {
	const struct delta *d;
	struct view *v; /* of after */
	struct extraction *x;
	struct object *o;
	struct section **section_of; /* by node index: where it went */
	struct symbol **symbol_of;   /* by node index: what stands for it there */
	struct section **table_of;   /* by index of the table: what is kept of it */
	struct hash_map outside;     /* address of the symbol it stands for -> index */
};

static void extractor_free(struct extractor *e)
{
	free(e->section_of);
	free(e->symbol_of);
	free(e->table_of);
	hash_free(&e->outside);
}

void extraction_free(struct extraction **at)
{
	struct extraction *x = *at;

	if (!x)
		return;
	object_free(&x->object);
	vec_free(&x->outside);
	vec_free(&x->replacements);
	vec_free(&x->key_sites);
	vec_free(&x->written);
	vec_free(&x->pieces);
	free(x);
	*at = NULL;
}

/* Functions and variables that shared a section get one of their own. */
static const char *section_name(struct extractor *e, const struct node *n)
{
	if (e->v->in_section[n->section->index].n == 1 || !n->symbol)
		return n->section->name;
	if (n->class == CLASS_TEXT)
		return arena_printf(&e->o->arena, ".text.%s", n->symbol->name);
	return n->section->name;
}

static struct error *add_symbols(struct extractor *e, struct node *n, struct section *to)
{
	bool replaced = n->item->kind == DELTA_CHANGED_FUNCTION;

	vec_for_each(&n->section->symbols, it) {
		struct symbol *from = *it, *sym;
		uint8_t bind = from->bind;

		if (e->v->of_symbol[from->index] != n || n->class == CLASS_LITERALS ||
		    from->value < node_begin(n) || from->value > n->start + n->size)
			continue;
		if (replaced || bind == STB_WEAK)
			bind = STB_LOCAL;
		TRY(object_add_symbol(e->o, from->name, from->type, bind, to,
				      from->value - node_begin(n), from->size, &sym));
		sym->visibility = from->visibility;
		if (from == n->symbol)
			e->symbol_of[n->index] = sym;
	}
	if (replaced)
		return vec_push(&e->x->replacements,
				(struct replacement){ .old = n->twin->symbol,
						      .new = e->symbol_of[n->index] });
	return NULL;
}

static struct error *add_section(struct extractor *e, struct node *n)
{
	const char *name = section_name(e, n);
	uint64_t flags = n->section->flags;
	struct section *to;

	if (!name)
		return error_nomem();
	if (n->class == CLASS_LITERALS)
		flags &= ~(uint64_t)(SHF_MERGE | SHF_STRINGS);
	flags &= ~(uint64_t)(SHF_GROUP | SHF_LINK_ORDER);
	TRY(object_add_section(e->o, name, n->section->type, flags, n->section->align, NULL,
			       n->lead + n->size, &to));
	if (to->bytes && n->bytes) {
		memcpy(to->bytes, n->section->bytes + node_begin(n), n->lead);
		memcpy(to->bytes + n->lead, n->bytes, n->size);
	}
	e->section_of[n->index] = to;
	TRY(vec_push(&e->x->pieces,
		     (struct extracted){
			     .from = n->section, .start = n->start, .size = n->size, .to = to }));
	return add_symbols(e, n, to);
}

/* An undefined symbol for a place outside; 'key' tells places of one name apart. */
static struct error *outside(struct extractor *e, const char *name, struct symbol *before,
			     const void *key, uint8_t type, bool called, struct symbol **out)
{
	uint64_t *at = hash_get_u64(&e->outside, (uint64_t)(uintptr_t)key);
	struct outside *o;

	if (!at) {
		struct outside new = { .before = before };

		TRY(object_add_symbol(e->o, name, type, STB_GLOBAL, NULL, 0, 0, &new.symbol));
		TRY(hash_put_u64(&e->outside, (uint64_t)(uintptr_t)key, e->x->outside.n));
		TRY(vec_push(&e->x->outside, new));
		at = hash_get_u64(&e->outside, (uint64_t)(uintptr_t)key);
	}
	o = &e->x->outside.v[*at];
	o->called = o->called || called;
	o->pointed = o->pointed || !called;
	*out = o->symbol;
	return NULL;
}

/* The new contents of data that stays where it is. */
static struct error *add_contents(struct extractor *e, struct node *n)
{
	struct section *to;

	TRY(object_add_section(e->o, DELTA_CONTENTS_SECTION, SHT_PROGBITS, SHF_ALLOC,
			       n->section->align, NULL, n->size, &to));
	if (n->bytes)
		memcpy(to->bytes, n->bytes, n->size);
	e->section_of[n->index] = to;
	return NULL;
}

/* What lies there until then: before's bytes, but for the addresses in it. */
static struct error *list_written(struct extractor *e, struct node *n)
{
	struct node *old = n->twin;
	uint8_t *expected = arena_array(&e->o->arena, n->size, 1);
	uint8_t *known = arena_array(&e->o->arena, n->size, 1);
	struct written w = { .name = node_name(n),
			     .contents = e->section_of[n->index],
			     .expected = expected,
			     .known = known };

	if (!expected || !known)
		return error_nomem();
	if (old->bytes)
		memcpy(expected, old->bytes, n->size);
	memset(known, 0xff, n->size);
	for (size_t i = 0; i < old->n_relocs; i++) {
		const struct reloc_kind *kind = arch_reloc_kind(e->d->arch, old->relocs[i].type);
		uint64_t at = old->relocs[i].offset - old->start;

		for (uint64_t k = at; kind && k < at + kind->size && k < n->size; k++)
			known[k] = 0;
	}
	w.addend = (int64_t)(old->start - old->symbol->value);
	TRY(outside(e, old->symbol->name, old->symbol, old->symbol, STT_NOTYPE, false, &w.place));
	return vec_push(&e->x->written, w);
}

/* Inside what was extracted, or the original outside? */
static bool stays_inside(const struct target *t, bool from_table)
{
	const struct node *n = t->node;

	if (!n || !n->item || n->item->kind == DELTA_WRITTEN_DATA)
		return false;
	return n->item->kind != DELTA_CHANGED_FUNCTION || from_table || t->branch || t->offset;
}

static struct error *inside(struct extractor *e, const struct target *t, struct symbol **out)
{
	*out = e->symbol_of[t->node->index];
	if (*out)
		return NULL;
	return object_section_symbol(e->o, e->section_of[t->node->index], out);
}

/* A defined symbol of after that is not included: its counterpart in before is meant. */
static struct error *outside_defined(struct extractor *e, const struct target *t,
				     struct symbol **place, struct symbol **out)
{
	struct node *n = t->node;
	struct symbol *sym = n->symbol, *before;

	if (!sym && t->symbol->type != STT_SECTION)
		sym = t->symbol;
	if (!sym)
		sym = section_symbol_at(n->section, n->start + (uint64_t)t->offset);
	before = sym ? delta_old_symbol(e->d, sym) : NULL;
	if (!before)
		return error_refused("%s: a reference to %s+%#lx has no counterpart",
				     e->d->after->name, node_name(n), (unsigned long)t->offset);
	*place = sym;
	return outside(e, before->name, before, before, STT_NOTYPE, t->branch, out);
}

static bool is_kept(const struct entry *entry)
{
	return entry->owner && entry->owner->item;
}

/* To where the entry went: some before it may be left out. */
static struct error *move_to_entry(struct extractor *e, const struct reloc *r,
				   const struct entry *entry, struct section *to, uint64_t shift)
{
	const struct table *t = entry->table;
	uint64_t addend = (uint64_t)r->addend + r->symbol->value; /* may wrap */
	struct symbol *sym;

	TRY(object_section_symbol(e->o, e->table_of[t - e->v->tables.v], &sym));
	for (const struct entry *left = t->entries; left < entry; left++)
		if (!is_kept(left))
			addend -= t->entry_size;
	return object_add_reloc(to, r->offset - shift, r->type, sym, (int64_t)addend);
}

static struct error *move_reloc(struct extractor *e, const struct reloc *r, const struct target *t,
				bool from_table, struct section *to, uint64_t shift)
{
	uint64_t addend = (uint64_t)r->addend; /* may wrap */
	struct symbol *sym, *place = NULL;

	if (r->type == 0 && !t->node && r->symbol->index == 0) {
		return object_add_reloc(to, r->offset - shift, r->type, e->o->symbols.v[0], 0);
	} else if (!t->node) {
		TRY(outside(e, r->symbol->name, delta_old_symbol(e->d, r->symbol), r->symbol,
			    STT_NOTYPE, t->branch, &sym));
	} else if (stays_inside(t, from_table)) {
		TRY(inside(e, t, &sym));
		addend += r->symbol->value - node_begin(t->node) - sym->value;
	} else {
		TRY(outside_defined(e, t, &place, &sym));
		addend += r->symbol->value - place->value;
	}
	return object_add_reloc(to, r->offset - shift, r->type, sym, (int64_t)addend);
}

static struct error *move_relocs(struct extractor *e, struct node *n)
{
	struct section *to = e->section_of[n->index];

	for (size_t i = 0; i < n->n_relocs; i++) {
		const struct entry *own;
		struct target t;

		if (!node_target(n, &n->relocs[i], &t))
			return error_refused("relocation type %u is not known", n->relocs[i].type);
		if (leads_to_bugs(e->v, &t, &own) && own && own->owner == n)
			TRY(move_to_entry(e, &n->relocs[i], own, to, node_begin(n)));
		else
			TRY(move_reloc(e, &n->relocs[i], &t, false, to, node_begin(n)));
	}
	return NULL;
}

static struct error *add_table(struct extractor *e, const struct section *from,
			       const struct strbuf *rows, struct section **out)
{
	TRY(object_add_section(e->o, from->name, from->type,
			       from->flags & ~(uint64_t)(SHF_GROUP | SHF_LINK_ORDER), from->align,
			       rows->s, rows->n, out));
	(*out)->entsize = from->entsize;
	return NULL;
}

static struct error *copy_entries(struct extractor *e, const struct table *t, struct section **out)
{
	struct strbuf rows __cleanup_strbuf = { 0 };

	for (size_t i = 0; i < t->n; i++)
		if (is_kept(&t->entries[i]))
			TRY(entry_copy(&t->entries[i], &rows));
	return rows.n ? add_table(e, t->section, &rows, out) : NULL;
}

/* The rows of a table that goes in lockstep with t. */
static struct error *copy_partner(struct extractor *e, const struct table *t)
{
	struct strbuf rows __cleanup_strbuf = { 0 };
	uint64_t size = t->partner->size / t->n;
	struct section *to;

	for (size_t i = 0; i < t->n; i++)
		if (is_kept(&t->entries[i]))
			TRY(strbuf_add(&rows, t->partner->bytes + i * size, size));
	return add_table(e, t->partner, &rows, &to);
}

static struct error *copy_table(struct extractor *e, const struct table *t)
{
	struct section **to = &e->table_of[t - e->v->tables.v];

	TRY(copy_entries(e, t, to));
	return *to && t->special->kind == SPECIAL_UNWIND_IP ? copy_partner(e, t) : NULL;
}

struct row {
	struct extractor *e;
	struct section *to;
	uint64_t at;
	struct symbol *last; /* that the entry's last relocation names */
};

static struct error *move_entry_reloc(const struct entry *entry, const struct reloc *r, void *arg)
{
	struct row *row = arg;
	struct target t;

	if (!table_target(row->e->v, r, &t))
		return error_refused("relocation type %u is not known", r->type);
	if (entry_names_nothing(entry, r)) /* no bytes there: any address will do */
		t.node = entry->owner;
	TRY(move_reloc(row->e, r, &t, true, row->to, entry->offset - row->at));
	row->last = row->to->relocs.v[row->to->relocs.n - 1].symbol;
	return NULL;
}

static struct error *move_table(struct extractor *e, const struct table *t)
{
	struct row row = { .e = e, .to = e->table_of[t - e->v->tables.v] };

	for (size_t i = 0; i < t->n; i++) {
		if (!is_kept(&t->entries[i]))
			continue;
		TRY(entry_each_reloc(&t->entries[i], move_entry_reloc, &row));
		if (t->special->kind == SPECIAL_KEYS)
			TRY(vec_push(
				&e->x->key_sites,
				(struct key_site){ .table = row.to,
						   .key = row.last,
						   .function = node_name(t->entries[i].owner) }));
		row.at += t->entry_size;
	}
	return NULL;
}

static struct error *extract(struct extractor *e)
{
	size_t n = e->v->nodes.n;

	e->section_of = calloc(n, sizeof(*e->section_of));
	e->symbol_of = calloc(n, sizeof(*e->symbol_of));
	e->table_of = calloc(e->v->tables.n + 1, sizeof(*e->table_of));
	if (!e->section_of || !e->symbol_of || !e->table_of)
		return error_nomem();
	TRY(object_new(e->d->after->name, e->d->after->machine, &e->x->object));
	e->o = e->x->object;
	e->o->flags = e->d->after->flags;
	vec_for_each(&e->v->nodes, it)
		if ((*it)->item)
			TRY((*it)->written ? add_contents(e, *it) : add_section(e, *it));
	vec_for_each(&e->v->tables, t)
		TRY(copy_table(e, t));
	vec_for_each(&e->v->nodes, it)
		if ((*it)->item)
			TRY(move_relocs(e, *it));
	vec_for_each(&e->v->tables, t)
		TRY(move_table(e, t));
	vec_for_each(&e->v->nodes, it)
		if ((*it)->item && (*it)->written)
			TRY(list_written(e, *it));
	return NULL;
}

struct error *delta_extract(const struct delta *d, struct extraction **out)
{
	struct extraction *x __cleanup_extraction = NULL;
	struct extractor e __cleanup(extractor_free) = { .d = d, .v = &d->private->after };

	TRY(delta_refusal(d));
	if (!d->items.n)
		return error_new(ERROR_NOTHING, "%s: nothing changed", d->after->name);
	x = calloc(1, sizeof(*x));
	if (!x)
		return error_nomem();
	e.x = x;
	x->after = d->after;
	TRY(extract(&e));
	*out = take(x);
	return NULL;
}

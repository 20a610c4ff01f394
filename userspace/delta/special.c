// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Special sections: tables whose entries are about places in code. How large an entry is
 * differs between kernels and is learnt: from sh_entsize, where the assembler or objtool
 * set it, else from the relocations, which repeat with each entry.
 */
#include "delta/private.h"

/* What a relocation is, as far as telling entries apart goes. */
static uint64_t shape(struct view *v, const struct reloc *r, uint64_t entry_start)
{
	const struct section *to = r->symbol->section;
	/* By the flag: trampolines of static calls are code too, and in no class of code. */
	bool code = to && (to->flags & SHF_EXECINSTR || v->class[to->index] == CLASS_PIECES);

	return (r->offset - entry_start) << 16 | (uint64_t)r->type << 1 | code;
}

/* Whether entries of this size all have relocations of one shape, and begin with one. */
static bool repeats(struct view *v, const struct section *s, uint64_t size)
{
	size_t n = s->size / size, per = s->relocs.n / n;

	if (s->size % size || !per || s->relocs.n % n || s->relocs.v[0].offset)
		return false;
	for (size_t i = 0; i < s->relocs.n; i++) {
		uint64_t start = i / per * size;
		const struct reloc *r = &s->relocs.v[i];

		if (r->offset < start || r->offset >= start + size ||
		    shape(v, r, start) != shape(v, &s->relocs.v[i % per], 0))
			return false;
	}
	return true;
}

/* The second entry begins where a relocation is: there are few places to try. */
static uint64_t learn_size(struct view *v, const struct section *s)
{
	if (s->entsize)
		return s->size % s->entsize == 0 && repeats(v, s, s->entsize) ? s->entsize : 0;
	for (size_t i = 1; i < s->relocs.n && i <= 8; i++)
		if (s->relocs.v[i].offset && repeats(v, s, s->relocs.v[i].offset))
			return s->relocs.v[i].offset;
	return repeats(v, s, s->size) ? s->size : 0;
}

/* The node that an entry is about: the first code it names. */
static struct node *owner(struct view *v, const struct table *t, uint64_t at)
{
	struct section *s = t->section;

	for (size_t i = section_reloc_at(s, at);
	     i < s->relocs.n && s->relocs.v[i].offset < at + t->entry_size; i++) {
		struct target to;

		if (!table_target(v, &s->relocs.v[i], &to) || !to.node)
			continue;
		if (to.boundary && t->special->kind == SPECIAL_UNWIND_IP)
			return to.node;
		if (to.node->class == CLASS_TEXT || to.node->class == CLASS_BOOT_TEXT)
			return to.node;
	}
	return NULL;
}

static struct error *cut_entries(struct view *v, struct table *t)
{
	t->n = t->section->size / t->entry_size;
	t->entries = arena_array(v->arena, t->n, sizeof(*t->entries));
	if (!t->entries)
		return error_nomem();
	for (size_t i = 0; i < t->n; i++) {
		struct entry *e = &t->entries[i];

		e->table = t;
		e->offset = i * t->entry_size;
		e->owner = owner(v, t, e->offset);
		if (!e->owner)
			continue;
		if (e->owner->last_entry)
			e->owner->last_entry->next = e;
		else
			e->owner->entries = e;
		e->owner->last_entry = e;
	}
	return NULL;
}

/* struct alt_instr ends with the lengths of the instruction and of its replacement. */
static uint8_t replacement_length(const struct entry *e)
{
	return e->table->section->bytes[e->offset + e->table->entry_size - 1];
}

/* That they are what they are taken for: a replacement lies in its section, and fits. */
static bool alternatives_make_sense(const struct table *t)
{
	const struct section *s = t->section;

	for (size_t i = 0; i < t->n; i++) {
		const struct entry *e = &t->entries[i];
		uint8_t length = replacement_length(e);
		const struct reloc *r = NULL;

		for (size_t k = section_reloc_at(s, e->offset);
		     k < s->relocs.n && s->relocs.v[k].offset < e->offset + t->entry_size; k++)
			if (s->relocs.v[k].symbol->section == t->partner)
				r = &s->relocs.v[k];
		if (t->entry_size < 2 || length > s->bytes[e->offset + t->entry_size - 2] || !r ||
		    r->symbol->value + (uint64_t)r->addend > t->partner->size ||
		    t->partner->size - r->symbol->value - (uint64_t)r->addend < length)
			return false;
	}
	return true;
}

static struct error *cut_table(struct view *v, struct table *t)
{
	struct section *s = t->section;

	if (t->special->partner)
		t->partner = object_section(v->object, t->special->partner);
	if (!s->size || t->special->kind == SPECIAL_UNWIND)
		return NULL;
	if (!s->bytes) {
		t->trouble = "it has no content";
		return NULL;
	}
	t->entry_size = learn_size(v, s);
	if (!t->entry_size) {
		t->trouble = "the size of its entries can't be told";
		return NULL;
	}
	if (t->special->kind == SPECIAL_UNWIND_IP &&
	    (!t->partner || t->partner->size % (s->size / t->entry_size))) {
		t->trouble = "its entries and those of its partner differ in number";
		return NULL;
	}
	TRY(cut_entries(v, t));
	if (t->special->kind == SPECIAL_ALTERNATIVES &&
	    (!t->partner || !alternatives_make_sense(t)))
		t->trouble = "the lengths of its replacements make no sense";
	return NULL;
}

struct error *view_cut_tables(struct view *v)
{
	vec_for_each(&v->object->sections, it) {
		struct table t = { .section = *it };

		if (v->class[(*it)->index] != CLASS_SPECIAL)
			continue;
		t.special = arch_special(v->arch, (*it)->name);
		TRY(vec_push(&v->tables, t));
	}
	vec_for_each(&v->tables, t) /* only now: entries point to their table */
		TRY(cut_table(v, t));
	return NULL;
}

struct error *entry_each_reloc(const struct entry *e,
			       struct error *(*f)(const struct entry *e, const struct reloc *r,
						  void *arg),
			       void *arg)
{
	struct section *s = e->table->section;
	uint64_t end = e->offset + e->table->entry_size;

	for (size_t i = section_reloc_at(s, e->offset);
	     i < s->relocs.n && s->relocs.v[i].offset < end; i++)
		TRY(f(e, &s->relocs.v[i], arg));
	return NULL;
}

bool node_has_fentry(const struct node *n)
{
	for (const struct entry *e = n->entries; e; e = e->next) {
		struct section *s = e->table->section;
		const struct reloc *r = &s->relocs.v[section_reloc_at(s, e->offset)];
		struct target to;

		if (e->table->special->kind != SPECIAL_FENTRIES)
			continue;
		if (table_target(n->view, r, &to) && to.node == n && to.offset >= 0 &&
		    to.offset <= n->view->arch->fentry_reach)
			return true;
	}
	return false;
}

/* The line of a bug_entry: two bytes behind its last relocation (struct bug_entry). */
static uint64_t line_at(const struct entry *e)
{
	const struct section *s = e->table->section;
	size_t next = section_reloc_at(s, e->offset + e->table->entry_size);

	return next ? s->relocs.v[next - 1].offset + 4 - e->offset : e->table->entry_size;
}

bool entry_bytes_equal(const struct entry *x, const struct entry *y)
{
	const uint8_t *a = x->table->section->bytes + x->offset;
	const uint8_t *b = y->table->section->bytes + y->offset;
	uint64_t size = x->table->entry_size, line = size;

	if (x->table->special->kind == SPECIAL_BUGS && line_at(x) == line_at(y))
		line = line_at(x);
	for (uint64_t i = 0; i < size; i++)
		if (a[i] != b[i] && i != line && i != line + 1)
			return false;
	return true;
}

bool entry_names_nothing(const struct entry *e, const struct reloc *r)
{
	const struct table *t = e->table;

	return t->special->kind == SPECIAL_ALTERNATIVES && r->symbol->section == t->partner &&
	       replacement_length(e) == 0;
}

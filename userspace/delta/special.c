// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Special sections: tables whose entries are about places in code. What the fields of an entry
 * mean is told by where its relocations end, and checked against what they say.
 */
#include <ctype.h>

#include "delta/private.h"

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
	/* The last one may lack its padding. */
	t->n = (t->section->size + t->entry_size - 1) / t->entry_size;
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

/*
 * struct alt_instr: two references, what to look for, then the lengths of the instruction and
 * of its replacement. What to look for was a number of 2 bytes (up to 6.2), or has flags with
 * it (4 bytes, from 6.3 on); from 4.0 to 5.11 the length of the padding comes last.
 */
static uint64_t lengths_at(const struct table *t)
{
	switch (t->entry_size) {
	case 12:
	case 13:
		return 10;
	case 14:
		return 12;
	}
	return 0;
}

static uint8_t replacement_length(const struct entry *e)
{
	return e->table->section->bytes[e->offset + lengths_at(e->table) + 1];
}

/* That they are what they are taken for: a replacement lies in its section, and fits. */
static bool alternatives_make_sense(const struct table *t)
{
	const struct section *s = t->section;
	uint64_t at = lengths_at(t);

	if (!t->partner || !at)
		return false;
	for (size_t i = 0; i < t->n; i++) {
		const struct entry *e = &t->entries[i];
		uint8_t length = replacement_length(e);
		/* learn_entry_size() saw to it that it has two, the second into the partner. */
		const struct reloc *r = &s->relocs.v[2 * i + 1];

		if (r->offset - e->offset != 4 || length > s->bytes[e->offset + at] ||
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
	TRY(learn_entry_size(v, t));
	if (!t->entry_size)
		return NULL;
	if (t->special->kind == SPECIAL_UNWIND_IP &&
	    (!t->partner || !t->partner->bytes || t->partner->size % (s->size / t->entry_size))) {
		t->trouble = "its entries and those of its partner differ in number";
		return NULL;
	}
	TRY(cut_entries(v, t));
	if (t->special->kind == SPECIAL_ALTERNATIVES && !alternatives_make_sense(t))
		t->trouble = "the lengths of its replacements make no sense";
	return NULL;
}

static bool is_listed(const struct node *n);

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
	/* Compilers list padding before functions in such a table too: that is no site. */
	for (size_t i = 0; i < v->nodes.n && !v->lists_fentries; i++)
		v->lists_fentries = v->nodes.v[i]->entries && is_listed(v->nodes.v[i]);
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

/* Some kernels list the sites late, when objtool sees all of the kernel or module. */
static bool calls_fentry(const struct node *n)
{
	const struct arch *a = n->view->arch;

	for (size_t i = 0; i < n->n_relocs; i++) {
		uint64_t at = n->relocs[i].offset - n->start;

		if (at > a->fentry_reach + 1U)
			return false;
		if (at && n->bytes && a->is_branch_field(n->bytes, at) &&
		    str_equal(n->relocs[i].symbol->name, a->fentry_callee))
			return true;
	}
	return false;
}

static bool is_listed(const struct node *n)
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

bool node_has_fentry(const struct node *n)
{
	if (n->view->arch->process) /* a jump goes anywhere; what room it has the linker tells */
		return true;
	return n->view->lists_fentries ? is_listed(n) : calls_fentry(n);
}

/* "fs/exec.c" */
static bool names_source(const char *s)
{
	const char *dot = s ? strrchr(s, '.') : NULL;

	if (!dot || !dot[1] || strlen(dot) > 4)
		return false;
	for (; *s; s++)
		if (!isgraph((unsigned char)*s) || *s == '%')
			return false;
	return true;
}

static bool starts_string(const struct section *s, uint64_t at)
{
	return at < s->size && s->bytes && (!at || !s->bytes[at - 1]);
}

/*
 * Up to 5.x the reference to a file's name in struct bug_entry is counted from the entry's start,
 * not from its own place: then it is the place before that begins a string.
 */
bool entry_target(struct view *v, const struct entry *e, const struct reloc *r, struct target *out)
{
	uint64_t at, from_start = r->offset - e->offset;

	if (!table_target(v, r, out))
		return false;
	if (e->table->special->kind != SPECIAL_BUGS || !from_start || !out->node ||
	    out->node->section->flags & (SHF_WRITE | SHF_EXECINSTR))
		return true;
	at = out->node->start + (uint64_t)out->offset;
	if (at >= from_start && !starts_string(out->node->section, at) &&
	    starts_string(out->node->section, at - from_start))
		out->offset -= (int64_t)from_start;
	return true;
}

/*
 * The line of struct bug_entry, two bytes: behind the reference to the file's name, if the
 * kernel was built to have one (CONFIG_DEBUG_BUGVERBOSE). Returns the entry's size if there is
 * no line.
 */
static uint64_t line_at(struct view *v, const struct entry *e)
{
	const struct section *s = e->table->section;
	uint64_t size = e->table->entry_size;
	size_t next = section_reloc_at(s, e->offset + size);
	const struct reloc *r = next ? &s->relocs.v[next - 1] : NULL;
	const struct reloc_kind *k = r ? arch_reloc_kind(v->arch, r->type) : NULL;
	struct target to;
	uint64_t at;

	if (!k || r->offset <= e->offset || !entry_target(v, e, r, &to) || !to.node)
		return size;
	at = r->offset + k->size - e->offset;
	if (at + 4 > size || !names_source(target_string(&to)))
		return size;
	return at;
}

/* The bytes of the last entry may end before its padding. */
static uint64_t entry_length(const struct entry *e)
{
	uint64_t left = e->table->section->size - e->offset;

	return left < e->table->entry_size ? left : e->table->entry_size;
}

static uint8_t entry_byte(const struct entry *e, uint64_t at)
{
	return at < entry_length(e) ? e->table->section->bytes[e->offset + at] : 0;
}

bool entry_bytes_equal(const struct delta *d, const struct entry *x, const struct entry *y)
{
	uint64_t size = x->table->entry_size, line = size;

	if (x->table->special->kind == SPECIAL_BUGS) {
		line = line_at(&d->private->before, x);
		if (line != line_at(&d->private->after, y))
			line = size;
	}
	for (uint64_t i = 0; i < size; i++)
		if (entry_byte(x, i) != entry_byte(y, i) && i != line && i != line + 1)
			return false;
	return true;
}

struct error *entry_copy(const struct entry *e, struct strbuf *out)
{
	static const uint8_t padding[UINT8_MAX];
	uint64_t has = entry_length(e);

	TRY(strbuf_add(out, e->table->section->bytes + e->offset, has));
	return strbuf_add(out, padding, e->table->entry_size - has);
}

bool entry_names_nothing(const struct entry *e, const struct reloc *r)
{
	const struct table *t = e->table;

	return t->special->kind == SPECIAL_ALTERNATIVES && r->symbol->section == t->partner &&
	       replacement_length(e) == 0;
}

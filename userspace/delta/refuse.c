// SPDX-License-Identifier: GPL-2.0-or-later
/* What included code may not do: what it refers to, and what tables say about it. */
#include <inttypes.h>

#include "delta/private.h"

/* Whether before has a variable that this one may be, though nothing proves it. */
static bool may_exist_already(const struct delta *d, const struct node *n)
{
	vec_for_each(&d->private->before.nodes, it)
		if (!(*it)->twin && (*it)->stem && (*it)->numbered && (*it)->class == n->class &&
		    str_equal((*it)->stem, n->stem))
			return true;
	return false;
}

static struct error *refuse_included_data(struct delta *d, const struct node *n)
{
	if (n->item->kind != DELTA_NEW_DATA || !section_is_written(n->section))
		return NULL;
	if (!n->symbol)
		return add_finding(d, "unnamed-data", n->section->name, NULL,
				   "included code uses writable data without a name in %s",
				   n->section->name);
	if (n->numbered && may_exist_already(d, n))
		return add_finding(d, "ambiguous-static", node_name(n),
				   "give the variable a name of its own at file scope",
				   "static variable %s may or may not be one that the running code "
				   "has",
				   node_name(n));
	return NULL;
}

/* Between two records of the same kind of macro no end of anything is meant. */
static bool between_private(const struct node *n)
{
	return n->class == CLASS_PRIVATE ||
	       (n->is_private && n->view->nodes.v[n->index - 1]->is_private);
}

/* Two neighbours that were neighbours before: whichever is meant, its old copy is right. */
static bool same_neighbours(const struct node *n)
{
	const struct node *left = n->view->nodes.v[n->index - 1];

	return n->twin && left->twin && !n->item && !left->item &&
	       n->twin->section == left->twin->section &&
	       left->twin->start + left->twin->size == n->twin->start;
}

/* It may be an entry about a warning in the same code, which goes where that goes. */
static struct error *refuse_place_in_table(struct delta *d, const struct node *from,
					   const struct target *t, bool from_table)
{
	const struct entry *e = NULL;
	const char *name = node_name(from);

	if (!leads_to_bugs(from->view, t, &e))
		return add_finding(d, "odd-reference", name, NULL,
				   "%s refers to section %s, which is not something code uses",
				   name, t->section->name);
	if (e && e->owner == from && !from_table)
		return NULL;
	return add_finding(d, "odd-reference", name, NULL,
			   "%s refers to a place in %s that is no entry about itself", name,
			   t->section->name);
}

static struct error *refuse_target(struct delta *d, const struct node *from, const struct target *t,
				   bool from_table)
{
	const struct node *n = t->node;
	const char *name = node_name(from);

	if (!n && t->section)
		return refuse_place_in_table(d, from, t, from_table);
	if (!n &&
	    (t->symbol->shndx == SHN_COMMON || t->symbol->shndx == SHN_ABS || !*t->symbol->name))
		return add_finding(d, "odd-symbol", name, NULL,
				   "%s refers to \"%s\", a common, absolute or nameless symbol",
				   name, t->symbol->name);
	if (!n)
		return NULL;
	if (t->symbol && t->symbol->type == STT_GNU_IFUNC)
		return add_finding(d, "ifunc", name, "call one of the functions it chooses from",
				   "%s refers to %s, which the loader chooses when it starts "
				   "(IFUNC)",
				   name, t->symbol->name);
	switch (n->class) {
	case CLASS_BOOT:
	case CLASS_BOOT_TEXT:
		return add_finding(d, "init-reference", name, NULL,
				   "%s refers to %s in %s, which is gone after boot", name,
				   node_name(n), n->section->name);
	case CLASS_UNKNOWN:
		return add_finding(d, "unknown-section", n->section->name, NULL,
				   "%s refers to section %s, which is not known", name,
				   n->section->name);
	case CLASS_TEXT:
		if (!n->item && t->offset && !from_table)
			return add_finding(d, "odd-reference", name, NULL,
					   "%s refers to the middle of %s()", name, node_name(n));
		break;
	case CLASS_DATA:
	case CLASS_PERCPU:
	case CLASS_PRIVATE:
		if (t->uncertain && n->view->in_section[n->section->index].n > 1)
			return add_finding(
				d, "undecodable", name, NULL,
				"an instruction of %s that refers to %s can't be decoded", name,
				n->section->name);
		if (t->boundary && !between_private(n) && !same_neighbours(n))
			return add_finding(
				d, "ambiguous-reference", name, NULL,
				"%s refers to where one variable of %s ends and %s begins", name,
				n->section->name, node_name(n));
		break;
	default:
		break;
	}
	if (!n->item && !n->symbol && n->class != CLASS_REGISTRY)
		return add_finding(d, "unnamed-data", name, NULL,
				   "%s refers to something without a name in %s", name,
				   n->section->name);
	return NULL;
}

static struct error *refuse_reloc(struct delta *d, const char *where, const struct section *s,
				  const struct reloc *r)
{
	return add_finding(d, "unknown-relocation", where, NULL,
			   "relocation type %u in %s at 0x%" PRIx64 " is not known", r->type,
			   s->name, r->offset);
}

struct walk {
	struct delta *d;
	struct node *n;
};

static bool is_only_here(const struct delta *d, const struct reloc *r)
{
	const struct reloc_kind *k = arch_reloc_kind(d->arch, r->type);

	return !k || k->only_here;
}

static struct error *refuse_in_entry(const struct entry *e, const struct reloc *r, void *arg)
{
	struct walk *w = arg;
	struct target t;

	if (!table_target(w->n->view, r, &t) || is_only_here(w->d, r))
		return refuse_reloc(w->d, node_name(w->n), e->table->section, r);
	if (entry_names_nothing(e, r))
		return NULL;
	return refuse_target(w->d, w->n, &t, true);
}

static struct error *refuse_included(struct delta *d, struct node *n)
{
	struct walk w = { .d = d, .n = n };
	struct target t;

	TRY(refuse_included_data(d, n));
	if (n->undecodable)
		TRY(add_finding(d, "undecodable", node_name(n), NULL,
				"the code of %s can't be decoded, and shares section %s",
				node_name(n), n->section->name));
	if (n->prefix && str_starts(node_name(n->prefix), "__cfi_"))
		TRY(add_finding(d, "kcfi", node_name(n), NULL,
				"callers check the number of a type that lies before %s() (kCFI), "
				"and a copy would lack it",
				node_name(n)));
	if (n->class == CLASS_LITERALS)
		return NULL;
	for (size_t i = 0; i < n->n_relocs; i++) {
		if (!node_target(n, &n->relocs[i], &t) || is_only_here(d, &n->relocs[i]))
			TRY(refuse_reloc(d, node_name(n), n->section, &n->relocs[i]));
		else
			TRY(refuse_target(d, n, &t, false));
	}
	for (const struct entry *e = n->entries; e; e = e->next)
		TRY(entry_each_reloc(e, refuse_in_entry, &w));
	return NULL;
}

/* Sections that nobody understands and that are about included code. */
static struct error *refuse_referrers(struct delta *d, struct section *s, const char *code,
				      const char *why)
{
	vec_for_each(&s->relocs, r) {
		struct target t;

		if (!table_target(&d->private->after, r, &t) || !t.node || !t.node->item ||
		    t.node->class == CLASS_LITERALS)
			continue;
		return add_finding(d, code, s->name, NULL, "section %s refers to %s, and %s",
				   s->name, node_name(t.node), why);
	}
	return NULL;
}

/* If nobody knows which functions a table's entries are about, it must be as it was. */
static struct error *refuse_table(struct delta *d, const struct table *t)
{
	size_t had = d->findings.n;

	TRY(refuse_referrers(d, t->section, "odd-table", t->trouble));
	if (had != d->findings.n || !table_changed(d, t))
		return NULL;
	return add_finding(d, "odd-table", t->section->name, NULL, "section %s changed, and %s",
			   t->section->name, t->trouble);
}

static struct error *refuse_sections(struct delta *d)
{
	struct view *v = &d->private->after;

	vec_for_each(&d->after->sections, it)
		if (v->class[(*it)->index] == CLASS_UNKNOWN)
			TRY(refuse_referrers(d, *it, "unknown-section", "is not known"));
	vec_for_each(&v->tables, t)
		if (t->trouble)
			TRY(refuse_table(d, t));
	return NULL;
}

/*
 * A function that is gone after the change may still be reached by a pointer that the running
 * code keeps, and still calls what it was compiled against. A copy that the compiler made for
 * certain callers (foo.constprop.0) may be made for others now, under the same name: correlation
 * trusts callers that did not change to show that it is not, and this one can't.
 */
static struct error *refuse_calls_of_removed(struct delta *d, struct node *gone)
{
	for (size_t i = 0; i < gone->n_relocs; i++) {
		struct target t;

		if (!node_target(gone, &gone->relocs[i], &t) || !t.node || !t.node->twin ||
		    t.node->class != CLASS_TEXT || !t.node->numbered ||
		    t.node->twin->state != STATE_CHANGED)
			continue;
		TRY(add_finding(d, "ambiguous-clone", node_name(t.node),
				"keep the removed function, or change its callee under a new name",
				"%s(), which the change removes, calls %s(), a copy that the "
				"compiler made for its callers and that changed",
				node_name(gone), node_name(t.node)));
	}
	return NULL;
}

static struct error *refuse_removed_callers(struct delta *d)
{
	vec_for_each(&d->private->before.nodes, it)
		if ((*it)->class == CLASS_TEXT && !(*it)->twin && !(*it)->parent)
			TRY(refuse_calls_of_removed(d, *it));
	return NULL;
}

struct error *refuse(struct delta *d)
{
	size_t had;

	TRY(refuse_changes(d));
	TRY(compare_exports(d));
	had = d->findings.n;
	vec_for_each(&d->private->after.nodes, it) {
		if ((*it)->item)
			TRY(refuse_included(d, *it));
		place_findings(d, had, *it);
		had = d->findings.n;
	}
	TRY(refuse_removed_callers(d));
	TRY(refuse_layouts(d));
	return refuse_sections(d);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* What can't be made live, or is not understood. Each finding names it and says what to do. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "delta/private.h"
#include "dwarf/types.h"

struct error *add_finding(struct delta *d, const char *code, const char *where, const char *advice,
			  const char *fmt, ...)
{
	struct delta_finding f = { .code = code, .where = where, .advice = advice };
	char *what __free = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&what, fmt, ap);
	va_end(ap);
	if (n < 0) {
		what = NULL;
		return error_nomem();
	}
	f.what = arena_strdup(&d->arena, what);
	if (!f.what)
		return error_nomem();
	return vec_push(&d->findings, f);
}

static const char *kind_of_change(const struct node *n)
{
	return n->state == STATE_NEW ? "is new" : "changed";
}

static struct error *refuse_registry(struct delta *d, const struct node *n, const char *change)
{
	static const struct {
		const char *prefix, *code, *what;
	} rows[] = {
		{ "__ksymtab", "changed-export", "the list of exported symbols" },
		{ "___ksymtab", "changed-export", "an exported symbol" },
		{ "__kcrctab", "changed-export", "the version of an exported symbol" },
		{ "___kcrctab", "changed-export", "the version of an exported symbol" },
		{ "__syscalls_metadata", "changed-syscall", "the description of a system call" },
		{ "__param", "changed-parameter", "a module parameter" },
		{ ".modinfo", "changed-modinfo", "the module's own description" },
		{ "_ftrace_ev", "changed-tracepoint", "a trace event" },
		{ "__tracepoints", "changed-tracepoint", "a tracepoint" },
		{ "__bpf_raw_tp", "changed-tracepoint", "a tracepoint" },
		{ "", "changed-registry",
		  "a table that the kernel reads when it loads the object" },
	};
	size_t i = 0;

	while (!str_starts(n->section->name, rows[i].prefix))
		i++;
	return add_finding(d, rows[i].code, n->section->name,
			   "leave it as it was; a livepatch can change functions only",
			   "%s %s: it was read when the object was loaded, and is not read again",
			   rows[i].what, change);
}

static bool has_symbol(const struct node *n, const char *name)
{
	const struct section *s = n->section;

	vec_for_each(&s->symbols, it)
		if ((*it)->value == n->start && str_equal((*it)->name, name))
			return true;
	return false;
}

/*
 * Redirecting a place redirects every name it has. If one of the names is elsewhere after
 * the change (identical functions are folded, and no longer identical), that would be wrong.
 */
static const char *lost_alias(const struct node *before, const struct node *after)
{
	const struct section *s = before->section;

	vec_for_each(&s->symbols, it) {
		const struct symbol *sym = *it;

		if (sym->value == before->start && sym->type != STT_NOTYPE &&
		    !has_symbol(after, sym->name) && before->aliases)
			return sym->name;
	}
	return NULL;
}

static struct error *refuse_function(struct delta *d, struct node *n)
{
	const char *name = node_name(n), *alias;

	if (!n->symbol || n->symbol->type != STT_FUNC)
		return add_finding(d, "changed-asm", name, "change C functions only",
				   "assembler code in %s %s", n->section->name, kind_of_change(n));
	if (n->state == STATE_NEW || n->parent)
		return NULL;
	if (n->section->flags != n->twin->section->flags)
		TRY(add_finding(d, "section-flags", name, NULL,
				"section %s has other flags than before", n->section->name));
	alias = lost_alias(n->twin, n);
	if (alias)
		TRY(add_finding(d, "aliased-function", name,
				"make the same change to both, or make them different functions",
				"before, %s() and %s() are one piece of code; now they are not",
				name, alias));
	if (n->symbol->bind == STB_WEAK || n->twin->symbol->bind == STB_WEAK)
		TRY(add_finding(d, "weak-function", name, "change the definition that is in use",
				"%s() is weak: another definition may be the one that runs", name));
	if (!node_has_fentry(n->twin))
		return add_finding(d, "no-fentry", name,
				   "change its callers instead, if they can be patched",
				   "%s() can't be redirected: it has no ftrace site (notrace, or "
				   "in a section that ftrace leaves alone)",
				   name);
	return NULL;
}

static struct error *refuse_data(struct delta *d, struct node *n)
{
	uint64_t at = 0;
	const char *why;

	if (n->state == STATE_NEW)
		return NULL;
	why = explain_difference(d, n->twin, n, &at);
	if (!why)
		return error_nomem();
	return add_finding(d, "changed-data", node_name(n),
			   "the running variable keeps its value: set it from a callback, or use a "
			   "new variable or a shadow variable",
			   "variable %s changed: %s", node_name(n), why);
}

static struct error *refuse_change(struct delta *d, struct node *n)
{
	switch (n->class) {
	case CLASS_TEXT:
		return refuse_function(d, n);
	case CLASS_DATA:
		return refuse_data(d, n);
	case CLASS_PERCPU:
		return add_finding(d, "per-cpu", node_name(n),
				   "use an array indexed by CPU, or memory from alloc_percpu()",
				   "per-CPU variable %s %s: its place was given out at boot",
				   node_name(n), kind_of_change(n));
	case CLASS_BOOT:
	case CLASS_BOOT_TEXT:
		return add_finding(d, "changed-init", node_name(n),
				   "it has run already and will not run again: do its work in a "
				   "callback",
				   "%s %s is used while booting or loading only, and %s",
				   section_class_name(n->class), node_name(n), kind_of_change(n));
	case CLASS_REGISTRY:
		return refuse_registry(d, n, kind_of_change(n));
	case CLASS_UNKNOWN:
		return add_finding(d, "unknown-section", n->section->name, NULL,
				   "section %s %s, and is not known", n->section->name,
				   kind_of_change(n));
	default:
		return NULL;
	}
}

static struct error *refuse_removal(struct delta *d, struct node *n)
{
	switch (n->class) {
	case CLASS_BOOT:
	case CLASS_BOOT_TEXT:
		return add_finding(d, "changed-init", node_name(n), NULL, "%s %s was removed",
				   section_class_name(n->class), node_name(n));
	case CLASS_REGISTRY:
		return refuse_registry(d, n, "was removed");
	case CLASS_UNKNOWN:
		return add_finding(d, "unknown-section", n->section->name, NULL,
				   "section %s was removed, and is not known", n->section->name);
	default:
		return NULL;
	}
}

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
	if (n->item->kind != DELTA_NEW_DATA || !(n->section->flags & SHF_WRITE))
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

/* Two neighbours that were neighbours before: whichever is meant, its old copy is right. */
static bool same_neighbours(const struct node *n)
{
	const struct node *left = n->view->nodes.v[n->index - 1];

	return n->twin && left->twin && !n->item && !left->item &&
	       n->twin->section == left->twin->section &&
	       left->twin->start + left->twin->size == n->twin->start;
}

static struct error *refuse_target(struct delta *d, const struct node *from, const struct target *t,
				   bool from_table)
{
	const struct node *n = t->node;
	const char *name = node_name(from);

	if (!n && t->section)
		return add_finding(d, "odd-reference", name, NULL,
				   "%s refers to section %s, which is not something code uses",
				   name, t->section->name);
	if (!n &&
	    (t->symbol->shndx == SHN_COMMON || t->symbol->shndx == SHN_ABS || !*t->symbol->name))
		return add_finding(d, "odd-symbol", name, NULL,
				   "%s refers to \"%s\", a common, absolute or nameless symbol",
				   name, t->symbol->name);
	if (!n)
		return NULL;
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
		if (t->boundary && n->class != CLASS_PRIVATE && !same_neighbours(n))
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
	if (n->class == CLASS_LITERALS)
		return NULL;
	for (size_t i = 0; i < n->n_relocs; i++) {
		if (!node_target(n, &n->relocs[i], &t) || is_only_here(d, &n->relocs[i]))
			TRY(refuse_reloc(d, node_name(n), n->section, &n->relocs[i]));
		else
			TRY(refuse_target(d, n, &t, false));
	}
	for (const struct entry *e = n->entries; e; e = e->next) {
		if (e->table->special->kind == SPECIAL_UNPATCHED)
			TRY(add_finding(
				d, "unpatched-site", node_name(n), NULL,
				"%s() has a site in %s, which the kernel patches in its own "
				"image only",
				node_name(n), e->table->section->name));
		TRY(entry_each_reloc(e, refuse_in_entry, &w));
	}
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

static struct error *refuse_sections(struct delta *d)
{
	struct view *v = &d->private->after;

	vec_for_each(&d->after->sections, it)
		if (v->class[(*it)->index] == CLASS_UNKNOWN)
			TRY(refuse_referrers(d, *it, "unknown-section", "is not known"));
	vec_for_each(&v->tables, t)
		if (t->trouble)
			TRY(refuse_referrers(d, t->section, "odd-table", t->trouble));
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

/*
 * A name must not have moved from one piece of code to another: GCC folds functions that
 * are identical, and a fix may make them so, or different.
 */
static struct error *refuse_moved_names(struct delta *d)
{
	vec_for_each(&d->before->symbols, it) {
		const struct symbol *old = *it, *new;
		struct node *n = d->private->before.of_symbol[old->index], *m;

		if (!n || n->class != CLASS_TEXT || old->type != STT_FUNC || n->numbered)
			continue;
		new = object_symbol(d->after, old->name);
		m = new ? d->private->after.of_symbol[new->index] : NULL;
		if (m && m->class == CLASS_TEXT && n->twin != m)
			TRY(add_finding(d, "aliased-function", old->name,
					"make the functions differ, or change both alike",
					"%s() shares its code with %s(), before or after only",
					old->name, n->twin ? node_name(n->twin) : node_name(m)));
	}
	return NULL;
}

/* The findings made since there were 'from' are about this node. */
static void place_findings(struct delta *d, size_t from, struct node *n)
{
	uint64_t at = 0;

	if (from == d->findings.n)
		return;
	if (n->state == STATE_CHANGED && n->twin)
		explain_difference(d, n->twin, n, &at);
	for (struct line line = node_line(n, at); from < d->findings.n; from++) {
		d->findings.v[from].file = line.file;
		d->findings.v[from].line = line.line;
	}
}

/*
 * Memory that exists keeps its layout, and code that did not change goes on using it so. Types
 * are looked at only if some code changed: by themselves they do nothing.
 */
static struct error *refuse_layouts(struct delta *d)
{
	struct layout_changes changes __cleanup(layout_changes_free) = { 0 };
	const struct debug *before, *after;

	if (!d->items.n)
		return NULL;
	TRY(view_debug(&d->private->before, &before));
	TRY(view_debug(&d->private->after, &after));
	TRY(types_compare(before, after, &d->arena, &changes));
	vec_for_each(&changes.v, c) {
		TRY(add_finding(d, "changed-layout", c->type,
				"leave the type as it was and keep the new fact elsewhere, for "
				"example in a shadow variable",
				"%s is laid out differently: %s", c->type, c->what));
		d->findings.v[d->findings.n - 1].file = c->file;
		d->findings.v[d->findings.n - 1].line = c->line;
	}
	return NULL;
}

struct error *refuse(struct delta *d)
{
	size_t had = 0;

	vec_for_each(&d->private->after.nodes, it) {
		if ((*it)->state != STATE_SAME)
			TRY(refuse_change(d, *it));
		place_findings(d, had, *it);
		had = d->findings.n;
	}
	vec_for_each(&d->private->before.nodes, it) {
		if (!(*it)->twin)
			TRY(refuse_removal(d, *it));
		place_findings(d, had, *it);
		had = d->findings.n;
	}
	vec_for_each(&d->private->after.nodes, it) {
		if ((*it)->item)
			TRY(refuse_included(d, *it));
		place_findings(d, had, *it);
		had = d->findings.n;
	}
	TRY(refuse_removed_callers(d));
	TRY(refuse_layouts(d));
	TRY(refuse_moved_names(d));
	return refuse_sections(d);
}

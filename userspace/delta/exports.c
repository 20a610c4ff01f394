// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Exported symbols. The lists of vmlinux and of a loaded module are fixed: what the new source
 * exports besides can't be used by anybody yet, and what it no longer exports, or exports on
 * other terms, may be in use. So nothing that runs depends on the difference, and it is left
 * out, with a note. Parts of one patch find one another without exports.
 *
 * Knowledge: include/linux/export.h. Up to 6.3 a section "___ksymtab[_gpl]+NAME" for each, the
 * namespace at __kstrtabns_NAME; since 6.4 all in ".export_symbol", each behind the label
 * __export_symbol_NAME: licence and namespace, as strings.
 */
#include "delta/private.h"
#include "dwarf/prototypes.h"

struct export
{
	const char *name, *licence, *space;
};

struct exports {
	VEC(struct export) v;
	struct hash_map by_name;
};

static void exports_free(struct exports *x)
{
	vec_free(&x->v);
	hash_free(&x->by_name);
}

static bool is_entry(const struct section *s)
{
	return str_starts(s->name, "___ksymtab") && strchr(s->name, '+');
}

bool is_export_section(const struct section *s)
{
	static const char *const prefixes[] = { "__ksymtab", "___ksymtab", "__kcrctab",
						"___kcrctab" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (str_starts(s->name, prefixes[i]))
			return true;
	return str_equal(s->name, ".export_symbol");
}

/* The string at an offset, "" if there is none. */
static const char *string_at(const struct section *s, uint64_t offset)
{
	if (!s || !s->bytes || offset >= s->size || !memchr(s->bytes + offset, 0, s->size - offset))
		return "";
	return (const char *)s->bytes + offset;
}

static struct error *add_entry(struct exports *x, struct arena *a, const struct object *o,
			       const struct section *s)
{
	struct export new = { .name = strchr(s->name, '+') + 1 };
	const char *label = arena_printf(a, "__kstrtabns_%s", new.name);
	const struct symbol *space;

	if (!label)
		return error_nomem();
	space = object_symbol(o, label);
	new.licence = str_starts(s->name, "___ksymtab_gpl") ? "GPL" : "";
	new.space = space ? string_at(space->section, space->value) : "";
	TRY(hash_put(&x->by_name, new.name, x->v.n));
	return vec_push(&x->v, new);
}

static struct error *add_labels(struct exports *x, const struct section *s)
{
	static const char prefix[] = "__export_symbol_";

	vec_for_each(&s->symbols, it) {
		struct export new = { .licence = string_at(s, (*it)->value) };

		if (!str_starts((*it)->name, prefix))
			continue;
		new.name = (*it)->name + strlen(prefix);
		new.space = string_at(s, (*it)->value + strlen(new.licence) + 1);
		TRY(hash_put(&x->by_name, new.name, x->v.n));
		TRY(vec_push(&x->v, new));
	}
	return NULL;
}

static struct error *list_exports(struct arena *a, const struct object *o, struct exports *out)
{
	vec_for_each(&o->sections, it) {
		if (is_entry(*it))
			TRY(add_entry(out, a, o, *it));
		else if (str_equal((*it)->name, ".export_symbol"))
			TRY(add_labels(out, *it));
	}
	return NULL;
}

static struct error *note_terms(struct delta *d, const struct export *was, const struct export *is)
{
	if (!str_equal(was->licence, is->licence))
		TRY(add_note(d, "%s is now exported to %s: the running kernel goes on as it did",
			     is->name,
			     *is->licence ? "modules under the GPL only" : "all modules"));
	if (!str_equal(was->space, is->space))
		TRY(add_note(
			d,
			"%s is exported in the namespace \"%s\", was \"%s\": the running kernel "
			"goes on as it did",
			is->name, is->space, was->space));
	return NULL;
}

static bool is_redirected(const struct delta *d, const char *function)
{
	const struct node *n = view_node_named(&d->private->after, function);

	return n && n->item && n->item->kind == DELTA_CHANGED_FUNCTION;
}

/*
 * Whoever calls it in this kernel is compiled with the fix, or does not compile. A module from
 * elsewhere is not.
 */
static struct error *compare_prototypes(struct delta *d, const struct exports *before)
{
	struct prototypes was __cleanup(prototypes_free) = { 0 };
	struct prototypes is __cleanup(prototypes_free) = { 0 };
	const struct debug *old, *new;
	bool any = false;

	vec_for_each(&before->v, it)
		any = any || is_redirected(d, it->name);
	if (!any)
		return NULL;
	TRY(view_debug(&d->private->before, &old));
	TRY(view_debug(&d->private->after, &new));
	TRY(prototypes_read(old, &was));
	TRY(prototypes_read(new, &is));
	vec_for_each(&before->v, it) {
		if (!is_redirected(d, it->name) || prototypes_agree(&was, &is, it->name))
			continue;
		TRY(add_finding(
			d, "changed-prototype", it->name,
			"keep the function as it was, and add one of another name",
			"%s() is exported, and takes or returns something else now: modules "
			"that are not part of the patch call it as before",
			it->name));
		place_findings(d, d->findings.n - 1, view_node_named(&d->private->after, it->name));
	}
	return NULL;
}

struct error *compare_exports(struct delta *d)
{
	struct exports before __cleanup(exports_free) = { 0 };
	struct exports after __cleanup(exports_free) = { 0 };

	TRY(list_exports(&d->arena, d->before, &before));
	TRY(list_exports(&d->arena, d->after, &after));
	vec_for_each(&after.v, it) {
		const uint64_t *at = hash_get(&before.by_name, it->name);

		if (at)
			TRY(note_terms(d, &before.v.v[*at], it));
		else
			TRY(add_note(d,
				     "%s is newly exported: that is left out, no module can use it "
				     "before the fixed kernel or module is loaded",
				     it->name));
	}
	vec_for_each(&before.v, it)
		if (!hash_get(&after.by_name, it->name))
			TRY(add_note(
				d,
				"%s is no longer exported: what runs goes on exporting it, for "
				"modules that use it",
				it->name));
	return compare_prototypes(d, &before);
}

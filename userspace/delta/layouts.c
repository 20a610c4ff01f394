// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Types that the two builds lay out differently. Memory that exists keeps its layout, and code
 * that did not change goes on using it so.
 */
#include "delta/private.h"
#include "dwarf/types.h"
#include "dwarf/uses.h"

#define NAMED 4 /* functions; the rest is counted */

static bool is_included(const struct delta *d, const char *function)
{
	const struct node *n = view_node_named(&d->private->after, function);

	return n && n->item;
}

/* "used by f(), g() and 2 more functions of this object, 3 of which stay as they are" */
static struct error *tell_users(const struct delta *d, const struct type_users *users,
				struct strbuf *out)
{
	size_t n = 0, old = 0;

	vec_for_each(&users->v, it) {
		if (n++ < NAMED)
			TRY(strbuf_printf(out, "%s%s()", n == 1 ? "used by " : ", ", *it));
		old += !is_included(d, *it);
	}
	if (n > NAMED)
		TRY(strbuf_printf(out, " and %zu more functions", n - NAMED));
	if (!n)
		return NULL;
	return old ? strbuf_printf(out, " of this object, %zu of which stay%s as %s", old,
				   old == 1 ? "s" : "", old == 1 ? "it is" : "they are")
		   : strbuf_puts(out, " of this object, all of them part of the patch");
}

static const char *advice(struct delta *d, const struct layout_change *c)
{
	if (d->arch->process)
		return "leave the type as it was and keep the new fact elsewhere, for example in a "
		       "table by the object's address";
	if (!c->added)
		return "leave the type as it was and keep the new fact elsewhere, for example in a "
		       "shadow variable";
	return arena_printf(&d->arena,
			    "leave the type as it was and keep %s beside it: #include "
			    "<suture/patch.h>, SUTURE_SHADOW(%s, %s, \"FIX\", 1), then "
			    "%s_get_or_alloc(OBJECT, GFP) and %s_get(OBJECT)",
			    c->added, c->added_type ? c->added_type : "TYPE", c->added, c->added,
			    c->added);
}

/* Modules from elsewhere may have been compiled with it, and nobody sees them here. */
static bool is_public(const struct layout_change *c)
{
	return !c->file || str_starts(c->file, "include/") || str_starts(c->file, "./") ||
	       strstr(c->file, "/include/");
}

static struct error *refuse_layout(struct delta *d, const struct debug *after,
				   const struct layout_change *c)
{
	struct type_users users __cleanup(type_users_free) = { 0 };
	struct strbuf used __cleanup_strbuf = { 0 };
	struct delta_finding *f;

	TRY(type_users_find(after, c->type, &d->arena, &users));
	TRY(tell_users(d, &users, &used));
	TRY(add_finding(d, "changed-layout", c->type, advice(d, c),
			"%s is laid out differently: %s", c->type, c->what));
	f = &d->findings.v[d->findings.n - 1];
	f->users = used.n ? arena_strdup(&d->arena, used.s) : NULL;
	if (used.n && !f->users)
		return error_nomem();
	f->file = c->file;
	f->line = c->line;
	if (d->private->at_load && !is_public(c))
		finding_at_load(d, "no object of the old layout exists before the module runs");
	return f->advice ? NULL : error_nomem();
}

/* Types are looked at only if some code changed: by themselves they do nothing. */
struct error *refuse_layouts(struct delta *d)
{
	struct layout_changes changes __cleanup(layout_changes_free) = { 0 };
	const struct debug *before, *after;

	if (!d->items.n)
		return NULL;
	TRY(view_debug(&d->private->before, &before));
	TRY(view_debug(&d->private->after, &after));
	TRY(types_compare(before, after, &d->arena, &changes));
	vec_for_each(&changes.v, c)
		TRY(refuse_layout(d, after, c));
	return NULL;
}

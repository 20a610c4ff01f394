// SPDX-License-Identifier: GPL-2.0-or-later
/* Types that the two builds lay out differently. */
#include "delta/private.h"
#include "dwarf/types.h"

/*
 * Memory that exists keeps its layout, and code that did not change goes on using it so. Types
 * are looked at only if some code changed: by themselves they do nothing.
 */
struct error *refuse_layouts(struct delta *d)
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

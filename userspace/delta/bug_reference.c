// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * References from code to entries about warnings. WARN() with a format loads the address of its
 * own entry, which is made by the same asm statement, and calls the kernel's handler with it.
 * Knowledge: arch/x86/include/asm/bug.h (__WARN_bug_entry), lib/bug.c.
 */
#include "delta/private.h"

static const struct table *table_of(const struct view *v, const struct section *s)
{
	vec_for_each(&v->tables, t)
		if (t->section == s)
			return t;
	return NULL;
}

bool leads_to_bugs(const struct view *v, const struct target *t, const struct entry **out)
{
	const struct table *in = t->node || !t->section ? NULL : table_of(v, t->section);

	*out = NULL;
	if (!in || in->special->kind != SPECIAL_BUGS || !in->entries || in->trouble || t->uncertain)
		return false;
	if (!t->branch && t->offset >= 0 && (uint64_t)t->offset % in->entry_size == 0 &&
	    (uint64_t)t->offset / in->entry_size < in->n)
		*out = &in->entries[(uint64_t)t->offset / in->entry_size];
	return true;
}

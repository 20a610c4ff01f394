// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Constants whose value changed. The running one can't be written, and code that is not part
 * of the patch goes on reading it. But where nobody sees the constant except functions that
 * can be redirected, and those read it by value, so that its address gets nowhere, it makes no
 * difference which copy they read: the new code gets one of its own, and each function that
 * reads it is changed by that alone.
 *
 * By value means: every reference is the displacement of a memory operand that an instruction
 * reads. An address in a register may be stored or handed on, and then compared with, or kept
 * for, the old one.
 */
#include "delta/private.h"

static bool is_constant(const struct node *n)
{
	return n->class == CLASS_DATA && n->symbol && n->bytes && !section_is_written(n->section);
}

static bool may_be_renewed(const struct node *n)
{
	return n->state == STATE_CHANGED && n->twin && is_constant(n) && is_constant(n->twin);
}

/* Decode up to the instruction that has the field. */
static bool reads_value(const struct node *n, const struct reloc *r)
{
	const struct arch *a = n->view->arch;
	uint64_t field = r->offset - n->start, at = 0;
	struct insn insn;

	while (n->bytes && a->decode(n->bytes + at, n->size - at, &insn)) {
		if (field < at + insn.length)
			return field >= at &&
			       a->loads_at(n->bytes + at, n->size - at, (uint8_t)(field - at));
		at += insn.length;
	}
	return false;
}

/* A sentence; NULL if this reference is no obstacle. */
static const char *obstacle(struct delta *d, const struct referrer *r)
{
	const struct node *from = r->from;

	if (!from || r->in_table || r->doubtful)
		return "a table, or code that is not understood, refers to it";
	if (from->class != CLASS_TEXT || !from->symbol || from->symbol->type != STT_FUNC)
		return arena_printf(&d->arena, "%s refers to it", node_name(from));
	if (!reads_value(from, r->reloc))
		return arena_printf(&d->arena, "%s() uses its address, which may get to old code",
				    node_name(from));
	return NULL;
}

static struct error *find_obstacle(struct delta *d, const struct node *n, const char **out)
{
	*out = NULL;
	if (!node_is_local(n))
		*out = "other objects may refer to it";
	else if (!n->referrers)
		*out = "nothing that is understood refers to it";
	for (const struct referrer *r = n->referrers; r && !*out; r = r->next)
		*out = obstacle(d, r);
	return NULL;
}

static struct error *renew(struct delta *d, struct node *n)
{
	const char *why = arena_printf(&d->arena, "reads %s, whose value changed", node_name(n));

	n->renewed = true;
	for (const struct referrer *r = n->referrers; r; r = r->next)
		if (r->from->twin)
			TRY(change_because(r->from, why));
	for (const struct referrer *r = n->twin->referrers; r; r = r->next)
		if (r->from->twin)
			TRY(change_because(r->from->twin, why));
	return NULL;
}

struct error *renew_constants(struct delta *d)
{
	vec_for_each(&d->private->after.nodes, it) {
		struct node *n = *it;

		if (!may_be_renewed(n))
			continue;
		TRY(view_index_referrers(&d->private->before));
		TRY(view_index_referrers(&d->private->after));
		TRY(find_obstacle(d, n->twin, &n->why_not));
		if (!n->why_not)
			TRY(find_obstacle(d, n, &n->why_not));
		if (!n->why_not)
			TRY(renew(d, n));
	}
	return NULL;
}

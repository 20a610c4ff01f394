// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What may stay on a stack while its replacement comes: an activation of the old function lives on,
 * and what it calls is new from then on.
 *
 * Callers that the compiler has seen together with what they call may count on more than the ABI
 * says: on registers that it leaves alone (gcc's -fipa-ra), on arguments that were left out or
 * passed in another way (-fipa-sra, -fipa-cp). Where such a thing changes, the callers change with
 * it and are replaced, too; one that lives on is not.
 */
#include <elf.h>

#include "hotpatch/link_work.h"

static bool is_replaced(const struct hotpatch_unit *u, const struct symbol *s)
{
	vec_for_each(&u->extraction->replacements, r)
		if (r->old == s)
			return true;
	return false;
}

/* The function of the before build that a field of code leads to; or NULL. */
static const struct symbol *callee_of(const struct hotpatch_unit *u, const struct reloc *r)
{
	const struct object *o = u->binding->before->object;

	if (r->type != R_X86_64_PC32 && r->type != R_X86_64_PLT32)
		return NULL;
	if (r->symbol->type == STT_FUNC)
		return r->symbol;
	vec_for_each(&o->symbols, s)
		if ((*s)->type == STT_FUNC && (*s)->section &&
		    (*s)->section == r->symbol->section &&
		    (*s)->value == r->symbol->value + (uint64_t)(r->addend + 4))
			return *s;
	return NULL;
}

static struct error *check_calls(const struct hotpatch_unit *u, const struct symbol *old)
{
	const struct section *code = old->section;

	for (size_t i = section_reloc_at(code, old->value);
	     i < code->relocs.n && code->relocs.v[i].offset < old->value + old->size; i++) {
		const struct symbol *callee = callee_of(u, &code->relocs.v[i]);

		if (!callee || callee == old || !is_replaced(u, callee))
			continue;
		return error_advise(
			error_refused("%s() is to stay on stacks, and calls %s(), which is "
				      "replaced, too: the old one may count on how the old %s() "
				      "was compiled",
				      old->name, callee->name, callee->name),
			"without --on-stack for %s() the switch waits until nobody is in it",
			old->name);
	}
	return NULL;
}

struct error *link_check_stays(const struct link *l)
{
	for (size_t u = 0; u < l->n; u++)
		vec_for_each(&l->units[u].extraction->replacements, r)
			if (link_may_be_on_stack(l, r->old->name) && r->old->section)
				TRY_CONTEXT(check_calls(&l->units[u], r->old), "%s",
					    l->units[u].source);
	return NULL;
}

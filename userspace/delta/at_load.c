// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Changed data of a module that will be loaded after the patch. Nothing of the module has run
 * by then, so there is no value to lose: the new contents are written to where the old ones
 * are. Where they have no room there, or a constant must become writable, all who refer to the
 * data use a new one: functions are part of the patch, other data is written in its turn.
 *
 * Knowledge: kernel/module/main.c (load_module): what is between the relocation of a module and
 * klp_module_coming() reads tables of sections (alternatives, exports, per-CPU data), and no
 * ordinary data.
 */
#include "delta/private.h"

/* Nothing but the module's own code looks at these, and not before its init. */
static const char *const ordinary[] = {
	".data", ".rodata", ".bss", ".data..read_mostly", ".data..ro_after_init",
};

static bool is_ordinary(const struct section *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(ordinary); i++) {
		size_t n = strlen(ordinary[i]);

		if (str_starts(s->name, ordinary[i]) &&
		    (!s->name[n] || (s->name[n] == '.' && s->name[n + 1] != '.')))
			return true;
	}
	return false;
}

/* Whole addresses, as the module loader and livepatch write them. */
static bool has_plain_fields(const struct node *n)
{
	for (size_t i = 0; i < n->n_relocs; i++) {
		const struct reloc_kind *k = arch_reloc_kind(n->view->arch, n->relocs[i].type);

		if (!k || k->size != sizeof(uint64_t) || k->pc_relative || k->only_here)
			return false;
	}
	return true;
}

static bool in_table(const struct node *n)
{
	for (const struct referrer *r = n->referrers; r; r = r->next)
		if (r->in_table)
			return true;
	return false;
}

/* Whether contents of before at all, and those of after, are understood. */
static bool is_plain_data(const struct node *n)
{
	return n->class == CLASS_DATA && n->twin && n->twin->class == CLASS_DATA && n->symbol &&
	       n->twin->symbol && n->size && is_ordinary(n->section) &&
	       is_ordinary(n->twin->section) && has_plain_fields(n) && has_plain_fields(n->twin) &&
	       !in_table(n) && !in_table(n->twin);
}

static bool can_be_written(const struct node *n)
{
	return is_plain_data(n) && !why_not_the_old(n->twin, n);
}

/* --- moved ---------------------------------------------------------------------- */

/* modpost makes aliases of tables out of these; nothing links to the names. */
static bool only_here(const struct node *n)
{
	vec_for_each(&n->section->symbols, it)
		if (n->view->of_symbol[(*it)->index] == n && (*it)->bind != STB_LOCAL &&
		    !str_starts((*it)->name, "__mod_"))
			return false;
	return true;
}

/* In after; NULL: it is gone, and its old code is not reached any more. */
static struct node *now(const struct delta *d, const struct referrer *r)
{
	return r->from->view == &d->private->after ? r->from : r->from->twin;
}

static bool can_follow(const struct delta *d, const struct referrer *r)
{
	struct node *n;

	if (!r->from || r->in_table || r->doubtful)
		return false;
	n = now(d, r);
	if (r->from->class == CLASS_TEXT)
		return r->from->symbol && r->from->symbol->type == STT_FUNC;
	return r->from->class == CLASS_DATA && n && (!n->twin || can_be_written(n));
}

static bool all_can_follow(const struct delta *d, const struct node *n)
{
	for (const struct referrer *r = n->referrers; r; r = r->next)
		if (!can_follow(d, r))
			return false;
	return n->referrers;
}

/*
 * Only what nobody writes to: a copy in the payload would keep what one life of the module
 * left in it for the next.
 */
static bool can_be_moved(const struct delta *d, const struct node *n)
{
	return is_plain_data(n) && n->bytes && !(n->section->flags & SHF_WRITE) && only_here(n) &&
	       only_here(n->twin) && all_can_follow(d, n) && all_can_follow(d, n->twin);
}

static struct error *follow(struct delta *d, const struct referrer *r, const char *why)
{
	struct node *n = now(d, r);

	if (!why)
		return error_nomem();
	if (!n || !n->twin)
		return NULL;
	if (n->class == CLASS_TEXT)
		return change_because(n, why);
	n->written = true;
	return change_because(n, why);
}

static struct error *move(struct delta *d, struct node *n)
{
	const char *why =
		arena_printf(&d->arena, "refers to %s, which is a new one now", node_name(n));

	n->renewed = n->moved = true;
	for (const struct referrer *r = n->referrers; r; r = r->next)
		TRY(follow(d, r, why));
	for (const struct referrer *r = n->twin->referrers; r; r = r->next)
		TRY(follow(d, r, why));
	return NULL;
}

struct error *write_data(struct delta *d)
{
	if (!d->private->at_load)
		return NULL;
	vec_for_each(&d->private->after.nodes, it) {
		struct node *n = *it;

		if (n->class != CLASS_DATA || n->state != STATE_CHANGED || n->renewed || n->because)
			continue;
		TRY(view_index_referrers(&d->private->before));
		TRY(view_index_referrers(&d->private->after));
		if (can_be_written(n))
			n->written = true;
		else if (can_be_moved(d, n))
			TRY(move(d, n));
	}
	return NULL;
}

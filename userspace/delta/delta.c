// SPDX-License-Identifier: GPL-2.0-or-later
/* The delta's life: the steps, in their order. */
#include "delta/delta.h"

#include "delta/private.h"

static const char *machine_name(uint16_t machine)
{
	switch (machine) {
	case EM_386:
		return "i386";
	case EM_ARM:
		return "ARM";
	case EM_AARCH64:
		return "AArch64";
	case EM_PPC64:
		return "PowerPC";
	case EM_S390:
		return "S/390";
	case EM_RISCV:
		return "RISC-V";
	}
	return "unknown to suture";
}

static struct error *check_pair(const struct object *before, const struct object *after)
{
	const struct object *both[] = { before, after };

	for (size_t i = 0; i < 2; i++) {
		if (both[i]->type != ET_REL)
			return error_failed("%s: not a relocatable object", both[i]->name);
		if (!arch_find(both[i]->machine))
			return error_refused("%s: an object for another machine, %s (%u), which "
					     "is not supported",
					     both[i]->name, machine_name(both[i]->machine),
					     both[i]->machine);
	}
	if (before->machine != after->machine)
		return error_failed("%s and %s are for different machines", before->name,
				    after->name);
	return NULL;
}

struct error *delta_compute(const struct object *before, const struct object *after,
			    struct delta **out)
{
	return delta_compute_as(before, after, &(struct delta_options){ 0 }, out);
}

struct error *delta_compute_as(const struct object *before, const struct object *after,
			       const struct delta_options *opt, struct delta **out)
{
	struct delta *d __cleanup_delta = NULL;

	TRY(check_pair(before, after));
	d = calloc(1, sizeof(*d));
	if (!d)
		return error_nomem();
	d->private = calloc(1, sizeof(*d->private));
	if (!d->private)
		return error_nomem();
	d->private->builtin = opt->builtin;
	d->private->at_load = opt->at_load && !opt->builtin;
	d->before = before;
	d->after = after;
	d->arch = opt->process ? arch_find_process(after->machine) : arch_find(after->machine);
	TRY(view_make(before, d->arch, &d->arena, &d->private->before));
	TRY(view_make(after, d->arch, &d->arena, &d->private->after));
	TRY(correlate(d));
	TRY(compare(d));
	TRY(renew_constants(d));
	TRY(write_data(d));
	TRY(redirect_callers(d));
	TRY(include(d));
	if (d->items.n)
		TRY(check_entry_sizes(d));
	TRY(refuse(d));
	*out = take(d);
	return NULL;
}

void delta_free(struct delta **at)
{
	struct delta *d = *at;

	if (!d)
		return;
	if (d->private) {
		view_free(&d->private->before);
		view_free(&d->private->after);
		free(d->private);
	}
	vec_free(&d->items);
	vec_free(&d->findings);
	vec_free(&d->notes);
	arena_free(&d->arena);
	free(d);
	*at = NULL;
}

/*
 * What after leaves undefined is another object's. A definition that before had under this
 * name is not it: the function moved to another file, and its old code must not be called.
 */
static struct symbol *old_undefined(const struct delta *d, const struct symbol *after)
{
	struct symbol *s = object_symbol(d->before, after->name);

	return s && s->shndx == SHN_UNDEF ? s : NULL;
}

/* In a table that changed, places tell nothing. */
static struct symbol *named_in(const struct section *s, const char *name)
{
	struct symbol *found = NULL;

	vec_for_each(&s->symbols, it) {
		if (!str_equal((*it)->name, name))
			continue;
		if (found)
			return NULL;
		found = *it;
	}
	return found;
}

struct symbol *delta_old_symbol(const struct delta *d, const struct symbol *after)
{
	struct node *n = d->private->after.of_symbol[after->index];

	if (!after->section)
		return old_undefined(d, after);
	if (!n || !n->twin)
		return NULL;
	if (n->symbol == after)
		return n->twin->symbol;
	if (node_is_blob(n) && n->state != STATE_SAME)
		return named_in(n->twin->section, after->name);
	/* An alias, or one of several symbols in a section that is compared as a whole. */
	return section_symbol_at(n->twin->section, n->twin->start + (after->value - n->start));
}

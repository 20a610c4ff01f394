// SPDX-License-Identifier: GPL-2.0-or-later
/* Why two nodes differ, in a sentence about the first place where they do. */
#include <inttypes.h>

#include "delta/private.h"

/* What the instruction's relocation refers to, if it has one. */
static bool insn_target(struct node *n, uint64_t at, const struct insn *insn, struct target *out)
{
	for (size_t i = 0; i < n->n_relocs; i++) {
		uint64_t offset = n->relocs[i].offset - n->start;

		if (offset >= at && offset < at + insn->length)
			return node_target(n, &n->relocs[i], out);
	}
	return false;
}

static const char *explain_targets(struct delta *d, uint64_t at, struct target *x, struct target *y)
{
	const char *a = target_name(&d->private->before, x);
	const char *b = target_name(&d->private->after, y);

	if (!a || !b)
		return NULL;
	if (str_equal(a, b)) /* constants and records without a name of their own */
		return arena_printf(&d->arena, "+0x%" PRIx64 ": %s, to which it refers, differs",
				    at, b);
	if (y->branch && x->branch)
		return arena_printf(&d->arena, "+0x%" PRIx64 ": calls %s instead of %s", at, b, a);
	return arena_printf(&d->arena, "+0x%" PRIx64 ": refers to %s instead of %s", at, b, a);
}

static const char *explain_size(struct delta *d, const struct node *a, const struct node *b,
				uint64_t at)
{
	if (a->size == b->size)
		return arena_printf(&d->arena, "+0x%" PRIx64 ": the code differs", at);
	return arena_printf(&d->arena,
			    "+0x%" PRIx64 ": the code differs (%" PRIu64 " bytes, was %" PRIu64 ")",
			    at, b->size, a->size);
}

/* Another place in the same function: that one changed, not this jump to it. */
static bool same_place_roughly(const struct target *x, const struct target *y)
{
	return x->node && y->node && x->node->twin == y->node && y->branch &&
	       (x->offset || y->offset);
}

static const char *explain_code(struct delta *d, struct node *a, struct node *b, uint64_t *out)
{
	struct insn insn, old;
	uint64_t at = 0;

	while (at < a->size && at < b->size) {
		struct target x, y;
		bool has_x, has_y;

		*out = at;
		if (!d->arch->decode(a->bytes + at, a->size - at, &old) ||
		    !d->arch->decode(b->bytes + at, b->size - at, &insn))
			return explain_size(d, a, b, at);
		has_x = insn_target(a, at, &old, &x);
		has_y = insn_target(b, at, &insn, &y);
		if (has_x && has_y && !targets_equal(d, &x, &y) && old.length == insn.length &&
		    x.branch == y.branch && !same_place_roughly(&x, &y))
			return explain_targets(d, at, &x, &y);
		if (has_x != has_y || old.length != insn.length ||
		    memcmp(a->bytes + at, b->bytes + at, insn.length) != 0) {
			if (old.length == insn.length && old.imm_size && insn.imm_size &&
			    old.imm != insn.imm && old.imm_at == insn.imm_at &&
			    !memcmp(a->bytes + at, b->bytes + at, insn.imm_at))
				return arena_printf(&d->arena,
						    "+0x%" PRIx64 ": constant %#" PRIx64
						    " instead of %#" PRIx64,
						    at, (uint64_t)insn.imm, (uint64_t)old.imm);
			return explain_size(d, a, b, at);
		}
		at += insn.length;
	}
	*out = at;
	if (a->size != b->size)
		return explain_size(d, a, b, at);
	return "what special sections say about it differs";
}

/* A pointer that the other build does not have there. */
static const char *explain_pointer(struct delta *d, struct node *a, struct node *b, size_t i,
				   uint64_t old, uint64_t *at)
{
	struct view *v = old < *at ? &d->private->before : &d->private->after;
	struct node *n = old < *at ? a : b;
	const char *name = NULL;
	struct target t;

	if (node_target(n, &n->relocs[i], &t))
		name = target_name(v, &t);
	if (old < *at) {
		*at = old;
		return arena_printf(&d->arena, "+0x%" PRIx64 ": no pointer where one was, to %s",
				    old, name ? name : "something");
	}
	return arena_printf(&d->arena, "+0x%" PRIx64 ": a pointer to %s where none was", *at,
			    name ? name : "something");
}

static const char *explain_data(struct delta *d, struct node *a, struct node *b, uint64_t *out)
{
	uint64_t at = 0;

	if (a->size != b->size)
		return arena_printf(&d->arena, "%" PRIu64 " bytes, was %" PRIu64, b->size, a->size);
	if (a->section->flags != b->section->flags)
		return "it is in a section with other flags";
	if (!a->bytes != !b->bytes)
		return "it has an initial value, or had one";
	while (a->bytes && at < a->size && a->bytes[at] == b->bytes[at])
		at++;
	*out = at;
	if (a->bytes && at < a->size)
		return arena_printf(&d->arena, "+0x%" PRIx64 ": the initial value differs", at);
	for (size_t i = 0; i < a->n_relocs || i < b->n_relocs; i++) {
		uint64_t old = i < a->n_relocs ? a->relocs[i].offset - a->start : UINT64_MAX;
		struct target x, y;

		*out = i < b->n_relocs ? b->relocs[i].offset - b->start : UINT64_MAX;
		if (old != *out)
			return explain_pointer(d, a, b, i, old, out);
		if (node_target(a, &a->relocs[i], &x) && node_target(b, &b->relocs[i], &y) &&
		    !targets_equal(d, &x, &y))
			return explain_targets(d, *out, &x, &y);
	}
	return b->section->align > a->section->align ? "it asks for more alignment"
						     : "it refers to something else";
}

const char *explain_difference(struct delta *d, struct node *a, struct node *b, uint64_t *at)
{
	*at = 0;
	if (b->section->flags & SHF_EXECINSTR && a->bytes && b->bytes)
		return explain_code(d, a, b, at);
	return explain_data(d, a, b, at);
}

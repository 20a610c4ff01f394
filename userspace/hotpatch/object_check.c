// SPDX-License-Identifier: GPL-2.0-or-later
/* What must hold of a hotpatch object before anybody places it in a process. */
#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "hotpatch/object_file.h"

#define MOST_BYTES ((uint64_t)256 << 20)
#define MOST_ALIGN 4096

const char *const hotpatch_part_names[HOTPATCH_PARTS] = { ".text", ".rodata", ".data" };

unsigned int hotpatch_field_size(uint32_t type)
{
	switch (type) {
	case R_X86_64_64:
	case R_X86_64_PC64:
		return 8;
	case R_X86_64_PC32:
	case R_X86_64_32:
	case R_X86_64_32S:
	case R_X86_64_TPOFF32:
		return 4;
	}
	return 0;
}

static struct error *check_part(const struct hotpatch_part *p, const char *name)
{
	if (p->n > p->size || p->size > MOST_BYTES)
		return error_failed("%s has a size that makes no sense", name);
	if (!p->align || p->align > MOST_ALIGN || p->align & (p->align - 1))
		return error_failed("%s has an alignment of %" PRIu64, name, p->align);
	return p->n && !p->bytes ? error_failed("%s has no content", name) : NULL;
}

static struct error *check_name(const char *name, const char *what)
{
	const unsigned char *s = (const unsigned char *)name;

	if (!s || !*s)
		return error_failed("%s has no name", what);
	for (; *s; s++)
		if (*s <= 0x20 || *s >= 0x7f)
			return error_failed("%s has a name that is none", what);
	return NULL;
}

static bool needs_symbol(enum hotpatch_to to)
{
	return to == HOTPATCH_TO_SYMBOL || to == HOTPATCH_TO_GOT;
}

static struct error *check_target(const struct hotpatch_object *o,
				  const struct hotpatch_reference *r)
{
	if (r->to > HOTPATCH_TO_TLS)
		return error_failed("a reference leads to nothing that is known (%u)", r->to);
	if ((r->type == R_X86_64_TPOFF32) != (r->to == HOTPATCH_TO_TLS))
		return error_failed("a reference to a thread's variable is none");
	if (r->to == HOTPATCH_TO_GOT && r->type != R_X86_64_PC32)
		return error_failed("a slot is referred to in a way that is not known");
	if (r->to == HOTPATCH_TO_PART &&
	    (r->to_part >= HOTPATCH_PARTS || r->to_offset > o->parts[r->to_part].size))
		return error_failed("a reference leads out of the object");
	if (!needs_symbol(r->to))
		return r->symbol || r->version ? error_failed("a reference has a needless name")
					       : NULL;
	TRY(check_name(r->symbol, "a symbol"));
	return r->version ? check_name(r->version, "a version") : NULL;
}

static struct error *check_reference(const struct hotpatch_object *o,
				     const struct hotpatch_reference *r,
				     const struct hotpatch_reference *last)
{
	unsigned int n = hotpatch_field_size(r->type);

	if (!n)
		return error_failed("relocation type %u is not known", r->type);
	if (r->part >= HOTPATCH_PARTS || r->offset > o->parts[r->part].n ||
	    n > o->parts[r->part].n - r->offset)
		return error_failed("a field lies outside of its part");
	if (last &&
	    (last->part > r->part ||
	     (last->part == r->part && last->offset + hotpatch_field_size(last->type) > r->offset)))
		return error_failed("fields are out of order, or overlap");
	return check_target(o, r);
}

static struct error *check_function(const struct hotpatch_object *o,
				    const struct hotpatch_function *f,
				    const struct hotpatch_function *last)
{
	const struct hotpatch_part *code = &o->parts[HOTPATCH_CODE];

	TRY(check_name(f->name, "a function"));
	if (!f->size || f->size > MOST_BYTES || f->room < f->size || f->room > 2 * MOST_BYTES ||
	    f->old > UINT64_MAX - f->room || !f->bytes)
		return error_failed("%s: its old code makes no sense", f->name);
	if (!f->fresh_size || f->fresh > code->n || f->fresh_size > code->n - f->fresh)
		return error_failed("%s: its new code lies outside", f->name);
	if (last && last->old + last->room > f->old)
		return error_failed("%s and %s overlap, or are out of order", last->name, f->name);
	return NULL;
}

static struct error *check_piece(const struct hotpatch_piece *p, const struct hotpatch_piece *last)
{
	TRY(check_name(p->name, "a piece of a function"));
	if (!p->size || p->size > MOST_BYTES || p->old > UINT64_MAX - p->size)
		return error_failed("%s makes no sense", p->name);
	if (last && last->old + last->size > p->old)
		return error_failed("%s and %s overlap, or are out of order", last->name, p->name);
	return NULL;
}

static struct error *check_symbol(const struct hotpatch_object *o, const struct hotpatch_symbol *s)
{
	const struct hotpatch_part *code = &o->parts[HOTPATCH_CODE];

	TRY(check_name(s->name, "a new function"));
	if (s->offset > code->n || s->size > code->n - s->offset)
		return error_failed("%s lies outside of the new code", s->name);
	return NULL;
}

static struct error *check_hook(const struct hotpatch_object *o, const char *name)
{
	if (!name)
		return NULL;
	vec_for_each(&o->symbols, s)
		if (!strcmp(s->name, name))
			return NULL;
	return error_failed("the hook %s is not in the new code", name);
}

static struct error *check_hooks(const struct hotpatch_object *o)
{
	const char *const hooks[] = { o->pre_apply, o->post_apply, o->pre_revert, o->post_revert };

	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks); i++)
		TRY(check_hook(o, hooks[i]));
	return NULL;
}

struct error *hotpatch_object_check(const struct hotpatch_object *o)
{
	const struct hotpatch_part *fixed = &o->parts[HOTPATCH_CONST];

	TRY(check_name(o->fix, "the fix"));
	if (!o->build_id_n || o->build_id_n > sizeof(o->build_id))
		return error_failed("its build-id has %u bytes", o->build_id_n);
	for (unsigned int i = 0; i < HOTPATCH_PARTS; i++)
		TRY(check_part(&o->parts[i], hotpatch_part_names[i]));
	if (o->eh_frame > fixed->n || o->eh_frame_n > fixed->n - o->eh_frame)
		return error_failed("its unwind table lies outside");
	if (o->needs_unwind && !o->eh_frame_n)
		return error_failed("it has no unwind table, and needs one");
	vec_for_each(&o->references, r)
		TRY(check_reference(o, r, r > o->references.v ? r - 1 : NULL));
	vec_for_each(&o->functions, f)
		TRY(check_function(o, f, f > o->functions.v ? f - 1 : NULL));
	vec_for_each(&o->pieces, p)
		TRY(check_piece(p, p > o->pieces.v ? p - 1 : NULL));
	vec_for_each(&o->symbols, s)
		TRY(check_symbol(o, s));
	return check_hooks(o);
}

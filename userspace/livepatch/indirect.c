// SPDX-License-Identifier: GPL-2.0-or-later
#include "livepatch/indirect.h"

#include <string.h>

static const char seal[] = ".ibt_endbr_seal";

static const struct image_segment *seal_of(const struct image *img)
{
	vec_for_each(&img->segments, s)
		if (str_equal(s->name, seal) && s->size)
			return s;
	return NULL;
}

static bool has_endbr(const struct image *img, uint64_t address)
{
	static const uint8_t endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	const uint8_t *bytes = image_bytes(img, address, sizeof(endbr64));

	return bytes && !memcmp(bytes, endbr64, sizeof(endbr64));
}

/* A table of places, 4 bytes each, relative to themselves. */
static bool is_sealed(const struct image *img, uint64_t address)
{
	static const struct reloc_kind place = { .size = 4,
						 .pc_relative = true,
						 .is_signed = true };
	const struct image_segment *s = seal_of(img);

	for (uint64_t at = 0; s && at + 4 <= s->size; at += 4) {
		struct image_target t;

		if (image_refers(img, s->address + at, &place, &t) && !t.name &&
		    t.address == address)
			return true;
	}
	return false;
}

/* Code and data; what else refers to functions means no call through a pointer. */
static bool may_point(const struct section *s)
{
	static const char *const names[] = {
		".text", ".data", ".rodata", ".init", ".exit", ".ref"
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_starts(s->name, names[i]))
			return true;
	return false;
}

static bool points_to(const struct arch *a, const struct section *s, const struct reloc *r,
		      const struct symbol *function)
{
	const struct reloc_kind *k = arch_reloc_kind(a, r->type);
	uint64_t at = r->symbol->value + (uint64_t)r->addend;

	if (!k || k->is_branch ||
	    (s->flags & SHF_EXECINSTR && s->bytes && a->is_branch_field(s->bytes, r->offset)))
		return false;
	if (r->symbol == function)
		return true;
	return r->symbol->section && r->symbol->section == function->section &&
	       at + (k->pc_relative ? 4 : 0) == function->value;
}

/* Then it works in the running kernel, whatever it is. */
static bool pointed_to_before(const struct livepatch_part *p, const struct symbol *function)
{
	const struct object *o = p->binding->object;
	const struct arch *a = arch_find(o->machine);

	if (!a || !function)
		return false;
	vec_for_each(&o->sections, it) {
		if (!may_point(*it))
			continue;
		vec_for_each(&(*it)->relocs, r)
			if (points_to(a, *it, r, function))
				return true;
	}
	return false;
}

static const struct image *image_of(const struct livepatch_part *p,
				    const struct livepatch_reference *r)
{
	if (p->vmlinux && str_equal(r->object, "vmlinux"))
		return p->vmlinux;
	return str_equal(r->object, p->binding->image->name) ? p->binding->image : NULL;
}

struct error *indirect_check(const struct livepatch_part *p, const struct outside *o,
			     const struct livepatch_reference *r)
{
	const struct image *img = image_of(p, r);
	const struct image_segment *s = img ? image_segment_at(img, r->address) : NULL;

	/*
	 * What another module exports keeps its ENDBR. What can be written to is data, whatever
	 * else it is: from 7.x on the kernel's .data says that it can be executed.
	 */
	if (!o->pointed || !s || !s->executable || s->writable || !p->vmlinux ||
	    !seal_of(p->vmlinux) || str_starts(r->name, "__SCT__"))
		return NULL;
	if (has_endbr(img, r->address) && !is_sealed(img, r->address))
		return NULL;
	if (pointed_to_before(p, o->before))
		return NULL;
	return error_advise(error_refused("the fix takes the address of %s(), which the running "
					  "kernel allows no calls through pointers to (no ENDBR)",
					  r->name),
			    "point to a new function that calls it");
}

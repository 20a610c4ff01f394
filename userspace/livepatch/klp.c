// SPDX-License-Identifier: GPL-2.0-or-later
/* See klp.h for what the kernel asks. */
#include "livepatch/klp.h"

#include <string.h>

/* Nothing reads these at load. */
static const char *const plain[] = {
	".text",
	".rodata",
	".data",
	".data..read_mostly",
	".data..ro_after_init",
	".data..once",
	".suture.written",
	".suture.contents",
};

static bool is_plain(const struct section *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		if (str_equal(s->name, plain[i]))
			return true;
	return false;
}

struct error *klp_symbol(struct object *o, const char *name, struct livepatch_reference *r,
			 struct symbol **out)
{
	struct symbol *s;

	TRY(object_add_symbol(o, name, STT_NOTYPE, STB_GLOBAL, NULL, 0, 0, &s));
	s->shndx = SHN_LIVEPATCH;
	s->user = r;
	*out = s;
	return NULL;
}

struct error *klp_rela_section(struct object *o, struct section *base, const char *patched,
			       const struct symbol *to, struct section **out)
{
	const struct livepatch_reference *r = to->user;
	const char *when = str_equal(r->object, "vmlinux") ? "vmlinux" : patched;
	char *name __free = str_printf(".klp.rela.%s.%s", when, base->name);
	struct section *s;

	if (!name)
		return error_nomem();
	if (str_equal(patched, "vmlinux") && !str_equal(r->object, "vmlinux"))
		return error_refused("code of vmlinux can't refer to %s of the module %s", r->name,
				     r->object);
	if (!str_equal(when, "vmlinux") && !is_plain(base))
		return error_advise(
			error_refused("section %s refers to %s of the module %s", base->name,
				      r->name, r->object),
			"the kernel reads this section when the patch loads, but fills in what "
			"belongs to a module only later: avoid the construct in the changed function");
	s = object_section(o, name);
	if (!s) {
		TRY(object_add_section(o, name, SHT_RELA,
				       SHF_ALLOC | SHF_INFO_LINK | SHF_RELA_LIVEPATCH, 8, NULL, 0,
				       &s));
		s->info = base->index;
	}
	*out = s;
	return NULL;
}

/* Does a livepatch relocation for a module touch [from, to) of a section? */
static const struct reloc *late_reloc_in(const struct object *o, const struct section *base,
					 uint64_t from, uint64_t to)
{
	vec_for_each(&o->sections, it) {
		if (!((*it)->flags & SHF_RELA_LIVEPATCH) || (*it)->info != base->index ||
		    str_starts((*it)->name, ".klp.rela.vmlinux."))
			continue;
		vec_for_each(&(*it)->relocs, r)
			if (r->offset + 8 > from && r->offset < to)
				return r;
	}
	return NULL;
}

/*
 * struct alt_instr begins with two places, the original and the replacement, and ends with
 * two bytes, the lengths of both; what is between has grown over time. So the size of an
 * entry is learned: the section's, divided by the number of pairs.
 */
static struct error *check_entry(const struct object *o, const struct section *s,
				 const struct reloc *place, uint64_t entry_size)
{
	const struct symbol *to = place->symbol;
	uint64_t length = s->bytes[place->offset + entry_size - 2];
	const struct reloc *late;
	uint64_t from;

	if (!to->section)
		return NULL;
	from = to->value + (uint64_t)place->addend;
	late = late_reloc_in(o, to->section, from, from + length);
	if (!late)
		return NULL;
	return error_refused("%s+0x%llx is replaced when the patch loads, but refers to %s, which "
			     "belongs to a module",
			     to->section->name, (unsigned long long)from, late->symbol->name);
}

struct error *klp_check_replaced_code(const struct object *o)
{
	const struct section *s = object_section(o, ".altinstructions");
	uint64_t entries, entry_size;

	if (!s || !s->size)
		return NULL;
	entries = s->relocs.n / 2;
	entry_size = entries ? s->size / entries : 0;
	if (s->relocs.n % 2 || entry_size < 10 || entry_size > 64 || s->size % entries)
		return error_refused(".altinstructions: its entries are not understood");
	vec_for_each(&s->relocs, r)
		if (r->offset % entry_size == 0)
			TRY(check_entry(o, s, r, entry_size));
	return NULL;
}

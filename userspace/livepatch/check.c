// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Knowledge: arch/x86/kernel/module.c (__apply_relocate_add), arch/x86/kernel/unwind_orc.c
 * (unwind_module_init), kernel/module/sysfs.c (a file for each section, by name).
 */
#include "livepatch/check.h"

#include <string.h>

#include "arch/arch.h"
#include "livepatch/klp.h"

static const uint32_t loader_knows[] = {
	R_X86_64_NONE, R_X86_64_64,    R_X86_64_32,   R_X86_64_32S,
	R_X86_64_PC32, R_X86_64_PLT32, R_X86_64_PC64,
};

static bool known(uint32_t type)
{
	for (size_t i = 0; i < ARRAY_SIZE(loader_knows); i++)
		if (loader_knows[i] == type)
			return true;
	return false;
}

/* 'where' is the section that r applies to; 'keeper' has it (a livepatch section, or where). */
static struct error *check_reloc(const struct arch *a, struct section *where, const struct reloc *r)
{
	const struct reloc_kind *kind = arch_reloc_kind(a, r->type);

	if (!kind || !known(r->type))
		return error_refused("%s+0x%llx: the module loader does not know relocations of "
				     "type %u (%s)",
				     where->name, (unsigned long long)r->offset, r->type,
				     kind ? kind->name : "unknown");
	if (!where->bytes || r->offset > where->size || kind->size > where->size - r->offset)
		return error_failed("%s+0x%llx: the relocation lies outside of its section",
				    where->name, (unsigned long long)r->offset);
	memset(where->bytes + r->offset, 0, kind->size);
	return NULL;
}

static struct error *check_relocs(struct object *o, const struct arch *a)
{
	vec_for_each(&o->sections, it) {
		struct section *where = *it;

		if (where->flags & SHF_RELA_LIVEPATCH) {
			if (!where->info || where->info >= o->sections.n)
				return error_failed("%s applies to no section", where->name);
			where = o->sections.v[where->info];
		}
		vec_for_each(&(*it)->relocs, r)
			TRY(check_reloc(a, where, r));
	}
	return NULL;
}

static struct error *check_names(const struct object *o)
{
	vec_for_each(&o->sections, it)
		if ((*it)->index && object_section(o, (*it)->name) != *it)
			return error_failed("two sections are named %s", (*it)->name);
	vec_for_each(&o->symbols, it)
		if ((*it)->shndx == SHN_COMMON)
			return error_refused("%s is a common symbol, which modules can't have",
					     (*it)->name);
	return NULL;
}

/* One entry of .orc_unwind for each of .orc_unwind_ip, which has 4 bytes and a relocation. */
static struct error *check_orc(const struct object *o)
{
	const struct section *ip = object_section(o, ".orc_unwind_ip");
	const struct section *orc = object_section(o, ".orc_unwind");
	uint64_t n = ip ? ip->size / 4 : 0;

	if (!ip && !orc)
		return NULL;
	if (!ip || !orc || !n || ip->size % 4 || ip->relocs.n != n || orc->size % n)
		return error_refused(".orc_unwind and .orc_unwind_ip are not in step");
	return NULL;
}

struct error *check_loadable(struct object *o)
{
	const struct arch *a = arch_find(o->machine);

	if (!a || o->machine != EM_X86_64)
		return error_refused("modules for this processor are not known");
	TRY(check_names(o));
	TRY(check_orc(o));
	TRY(check_relocs(o, a));
	return klp_check_replaced_code(o);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x86-64. The relocations are those that the kernel's module loader applies
 * (apply_relocate_add); what it does not know can't be in a payload. Semantics:
 * System V psABI for AMD64, table 4.9.
 */
#include <elf.h>

#include "arch/rows.h"

static const struct reloc_kind kinds[] = {
	{ R_X86_64_PC32, "R_X86_64_PC32", 4, .pc_relative = true, .is_signed = true },
	{ R_X86_64_PLT32, "R_X86_64_PLT32", 4, .pc_relative = true, .is_signed = true,
	  .is_branch = true },
	{ R_X86_64_32S, "R_X86_64_32S", 4, .is_signed = true },
	{ R_X86_64_64, "R_X86_64_64", 8 },
	{ R_X86_64_32, "R_X86_64_32", 4 },
	{ R_X86_64_PC64, "R_X86_64_PC64", 8, .pc_relative = true },
	{ R_X86_64_NONE, "R_X86_64_NONE", 0 },
};

const struct arch arch_x86_64 = {
	.machine = EM_X86_64,
	.name = "x86-64",
	.reloc_kinds = kinds,
	.n_reloc_kinds = sizeof(kinds) / sizeof(*kinds),
};

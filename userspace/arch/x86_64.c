// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x86-64. The relocations are those that the kernel's module loader applies
 * (apply_relocate_add); what it does not know can't be in a payload. PC8 stands for the short
 * jump from one function to another of the same section. Semantics:
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
	{ R_X86_64_PC8, "R_X86_64_PC8", 1, .pc_relative = true, .is_signed = true,
	  .only_here = true },
};

/*
 * Sections of the kernel's own making, from 3.10 to 7.2. The names are those of the kernel's
 * headers (asm/bug.h, asm/alternative.h, asm/jump_label.h, asm/asm.h, asm/paravirt.h, ...), of
 * objtool and of the compilers. How many relocations an entry has: the first is the code that
 * it is about; then, for example, what the kernel added to an exception's entry in 4.6 (the
 * handler) and took away in 5.16.
 */
#define SITES(section)                                                   \
	{                                                                \
		section, SPECIAL_SITES, .relocs_min = 1, .relocs_max = 1 \
	}

static const struct special specials[] = {
	{ "__mcount_loc", SPECIAL_FENTRIES, .relocs_min = 1, .relocs_max = 1 },
	{ "__bug_table", SPECIAL_BUGS, NULL, "bug_entry", 1, 3 },
	{ ".altinstructions", SPECIAL_ALTERNATIVES, ".altinstr_replacement", "alt_instr", 2, 2 },
	{ ".altinstr_replacement", SPECIAL_PIECES },
	{ ".altinstr_aux", SPECIAL_PIECES },
	{ "__ex_table", SPECIAL_FIXUPS, NULL, "exception_table_entry", 2, 3 },
	{ ".fixup", SPECIAL_PIECES }, /* up to 5.15 */
	{ ".parainstructions", SPECIAL_SITES, NULL, "paravirt_patch_site", 1, 1, .align = 8 },
	SITES(".smp_locks"),
	SITES(".retpoline_sites"),
	SITES(".return_sites"),
	SITES(".cfi_sites"),
	SITES(".kcfi_traps"),
	{ "__jump_table", SPECIAL_KEYS, NULL, "jump_entry", 3, 3 },
	{ ".static_call_sites", SPECIAL_KEYS, NULL, "static_call_site", 2, 2 },
	{ ".orc_unwind_ip", SPECIAL_UNWIND_IP, ".orc_unwind", NULL, 1, 1 },
	{ ".orc_unwind", SPECIAL_UNWIND, NULL, "orc_entry" },
	{ "runtime_ptr_*", SPECIAL_CONSTANTS, .relocs_min = 1, .relocs_max = 1 },
	{ "runtime_shift_*", SPECIAL_CONSTANTS, .relocs_min = 1, .relocs_max = 1 },

	/* The padding before functions; ftrace goes by __mcount_loc here. */
	{ "__patchable_function_entries", SPECIAL_UNUSED },
	/*
	 * Calls to count where the return stack buffer is stuffed by depth (retbleed=stuff): one
	 * that is not counted has it stuffed earlier, which is safe. The kernel reads the table
	 * before calls into modules are filled in.
	 */
	{ ".call_sites", SPECIAL_UNUSED },
	/*
	 * ENDBRs that objtool thinks nobody needs, from one object alone: the pointers that the
	 * other objects, and livepatch, have are unknown to it. An ENDBR that stays does no harm.
	 */
	{ ".ibt_endbr_seal", SPECIAL_UNUSED },
};

/* What compilers make for programs, position independent or not, with variables of threads. */
static const struct reloc_kind process_kinds[] = {
	{ R_X86_64_PC32, "R_X86_64_PC32", 4, .pc_relative = true, .is_signed = true },
	{ R_X86_64_PLT32, "R_X86_64_PLT32", 4, .pc_relative = true, .is_signed = true,
	  .is_branch = true },
	{ R_X86_64_GOTPCREL, "R_X86_64_GOTPCREL", 4, .pc_relative = true, .is_signed = true,
	  .through = THROUGH_SLOT },
	{ R_X86_64_GOTPCRELX, "R_X86_64_GOTPCRELX", 4, .pc_relative = true, .is_signed = true,
	  .through = THROUGH_SLOT, .may_relax = true },
	{ R_X86_64_REX_GOTPCRELX, "R_X86_64_REX_GOTPCRELX", 4, .pc_relative = true,
	  .is_signed = true, .through = THROUGH_SLOT, .may_relax = true },
	{ R_X86_64_GOTTPOFF, "R_X86_64_GOTTPOFF", 4, .pc_relative = true, .is_signed = true,
	  .through = THROUGH_TLS_SLOT, .may_relax = true },
	{ R_X86_64_TLSGD, "R_X86_64_TLSGD", 4, .pc_relative = true, .is_signed = true,
	  .through = THROUGH_TLS_SLOT },
	{ R_X86_64_TLSLD, "R_X86_64_TLSLD", 4, .pc_relative = true, .is_signed = true,
	  .through = THROUGH_TLS_SLOT },
	{ R_X86_64_DTPOFF32, "R_X86_64_DTPOFF32", 4, .is_signed = true,
	  .through = THROUGH_TLS_VALUE },
	{ R_X86_64_TPOFF32, "R_X86_64_TPOFF32", 4, .is_signed = true,
	  .through = THROUGH_TLS_VALUE },
	{ R_X86_64_32S, "R_X86_64_32S", 4, .is_signed = true },
	{ R_X86_64_64, "R_X86_64_64", 8 },
	{ R_X86_64_32, "R_X86_64_32", 4 },
	{ R_X86_64_PC64, "R_X86_64_PC64", 8, .pc_relative = true },
	{ R_X86_64_NONE, "R_X86_64_NONE", 0 },
	{ R_X86_64_PC8, "R_X86_64_PC8", 1, .pc_relative = true, .is_signed = true,
	  .only_here = true },
};

/*
 * A displacement relative to %rip follows a ModRM byte with mod 0 and r/m 5. No branch
 * opcode (e8, e9, 0f 80 to 0f 8f) looks like that.
 */
static bool is_branch_field(const uint8_t *code, size_t at)
{
	if (at < 1)
		return false;
	if (code[at - 1] == 0xe8 || code[at - 1] == 0xe9)
		return true;
	return at >= 2 && code[at - 2] == 0x0f && (code[at - 1] & 0xf0) == 0x80;
}

const struct arch arch_x86_64 = {
	.machine = EM_X86_64,
	.name = "x86-64",
	.reloc_kinds = kinds,
	.n_reloc_kinds = sizeof(kinds) / sizeof(*kinds),
	.specials = specials,
	.n_specials = sizeof(specials) / sizeof(*specials),
	.decode = x86_64_decode,
	.print = x86_64_print,
	.is_branch_field = is_branch_field,
	.loads_at = x86_64_loads_at,
	.fentry_reach = 4, /* an endbr64 may come first */
	.fentry_callee = "__fentry__",
};

const struct arch arch_x86_64_process = {
	.machine = EM_X86_64,
	.name = "x86-64",
	.process = true,
	.reloc_kinds = process_kinds,
	.n_reloc_kinds = sizeof(process_kinds) / sizeof(*process_kinds),
	.decode = x86_64_decode,
	.print = x86_64_print,
	.is_branch_field = is_branch_field,
	.loads_at = x86_64_loads_at,
};

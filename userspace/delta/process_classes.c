// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the sections of a program's object are for. The names are those that gcc and clang give
 * them, and that GNU ld's scripts know; a name that is in no row is unknown, and refused as soon
 * as it matters.
 */
#include "delta/private.h"

static const struct {
	const char *name; /* ends with '*': a prefix */
	enum section_class class;
} rows[] = {
	{ ".text", CLASS_TEXT },
	{ ".text.*", CLASS_TEXT },
	{ ".rodata", CLASS_DATA },
	{ ".rodata.*", CLASS_DATA },
	{ ".data", CLASS_DATA },
	{ ".data.*", CLASS_DATA }, /* .data.rel.ro too: see section_is_written() */
	{ ".bss", CLASS_DATA },
	{ ".bss.*", CLASS_DATA },
	{ ".tdata", CLASS_PERCPU },
	{ ".tdata.*", CLASS_PERCPU },
	{ ".tbss", CLASS_PERCPU },
	{ ".tbss.*", CLASS_PERCPU },
	{ ".gcc_except_table", CLASS_PRIVATE },
	{ ".gcc_except_table.*", CLASS_PRIVATE },

	{ ".init_array*", CLASS_BOOT },
	{ ".preinit_array*", CLASS_BOOT },
	{ ".ctors*", CLASS_BOOT },
	{ ".fini_array*", CLASS_BOOT },
	{ ".dtors*", CLASS_BOOT },

	{ ".eh_frame", CLASS_IGNORED }, /* goes with the functions: see unwind.c */
	{ ".debug_*", CLASS_IGNORED },
	{ ".comment", CLASS_IGNORED },
	{ ".note.*", CLASS_IGNORED },
	{ ".llvm_addrsig", CLASS_IGNORED },
	{ ".llvm.call-graph-profile", CLASS_IGNORED },
	{ ".stack_sizes", CLASS_IGNORED },
	{ ".GCC.command.line", CLASS_IGNORED },
};

static enum section_class class_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (section_name_matches(rows[i].name, name))
			return rows[i].class;
	return CLASS_UNKNOWN;
}

enum section_class process_section_classify(const struct section *s)
{
	enum section_class class = class_by_name(s->name);

	if (class != CLASS_TEXT && class != CLASS_DATA && class != CLASS_PERCPU)
		return class;
	if (!(s->flags & SHF_ALLOC) || (s->type != SHT_PROGBITS && s->type != SHT_NOBITS))
		return CLASS_UNKNOWN;
	if ((class == CLASS_TEXT) != !!(s->flags & SHF_EXECINSTR) ||
	    (class == CLASS_PERCPU) != !!(s->flags & SHF_TLS))
		return CLASS_UNKNOWN;
	if (class == CLASS_DATA && s->flags & SHF_MERGE && !(s->flags & SHF_WRITE) && s->entsize &&
	    !s->relocs.n)
		return CLASS_LITERALS;
	return class;
}

bool section_is_written(const struct section *s)
{
	return s->flags & SHF_WRITE && !str_starts(s->name, ".data.rel.ro");
}

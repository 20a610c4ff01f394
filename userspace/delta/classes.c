// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the sections of a kernel object are for. The names are those of the kernel's
 * linker scripts (include/asm-generic/vmlinux.lds.h, scripts/module.lds.S). A name that
 * is in no row is unknown, and refused as soon as it matters.
 */
#include "delta/private.h"

static const struct {
	const char *name; /* ends with '*': a prefix */
	enum section_class class;
} rows[] = {
	/* The first match counts; what most sections are comes first. */
	{ ".text.startup._sub_*", CLASS_IGNORED }, /* sanitizers' constructors */
	{ ".text.exit._sub_*", CLASS_IGNORED },
	{ ".text.asan.*", CLASS_IGNORED },
	{ ".text.tsan.*", CLASS_IGNORED },
	{ ".text.sancov.*", CLASS_IGNORED },
	{ ".text.*", CLASS_TEXT },
	{ ".rodata.*", CLASS_DATA },
	{ ".bss.*", CLASS_DATA },
	{ ".data..percpu*", CLASS_PERCPU },
	{ ".data.once", CLASS_PRIVATE },
	{ ".data..once", CLASS_PRIVATE },
	{ ".data..LASAN*", CLASS_IGNORED }, /* what KASAN is told of variables at load */
	{ ".data..L*", CLASS_PRIVATE },	    /* of the compiler's making, without a name: UBSAN */
	{ ".data.*", CLASS_DATA },

	{ ".debug_*", CLASS_IGNORED },
	{ ".discard", CLASS_IGNORED },
	{ ".discard.*", CLASS_IGNORED },
	{ ".comment", CLASS_IGNORED },
	{ ".note.*", CLASS_IGNORED },
	{ ".llvm_addrsig", CLASS_IGNORED },
	{ ".llvm.call-graph-profile", CLASS_IGNORED },
	{ ".stack_sizes", CLASS_IGNORED },
	{ ".GCC.command.line", CLASS_IGNORED },
	{ ".orc_header", CLASS_IGNORED },
	{ ".printk_index", CLASS_IGNORED }, /* for tools that read the file */
	{ ".init_array.*", CLASS_IGNORED }, /* these, with a priority, are the compiler's */
	{ ".fini_array.*", CLASS_IGNORED },
	{ ".ctors.*", CLASS_IGNORED },
	{ ".dtors.*", CLASS_IGNORED },
	{ ".BTF", CLASS_IGNORED },
	{ ".BTF.ext", CLASS_IGNORED },
	{ ".eh_frame", CLASS_IGNORED },

	{ ".init.text*", CLASS_BOOT_TEXT },
	{ ".exit.text*", CLASS_BOOT_TEXT },
	{ ".meminit.text*", CLASS_BOOT_TEXT },
	{ ".memexit.text*", CLASS_BOOT_TEXT },
	{ ".head.text*", CLASS_BOOT_TEXT },
	{ ".cpuinit.text", CLASS_BOOT_TEXT }, /* these up to 3.10 */
	{ ".cpuexit.text", CLASS_BOOT_TEXT },
	{ ".devinit.text", CLASS_BOOT_TEXT },
	{ ".devexit.text", CLASS_BOOT_TEXT },
	{ ".cpuinit.*", CLASS_BOOT },
	{ ".cpuexit.*", CLASS_BOOT },
	{ ".devinit.*", CLASS_BOOT },
	{ ".devexit.*", CLASS_BOOT },
	{ ".init.*", CLASS_BOOT },
	{ ".exit.*", CLASS_BOOT },
	{ ".meminit.*", CLASS_BOOT },
	{ ".memexit.*", CLASS_BOOT },
	{ ".initcall*", CLASS_BOOT },
	{ ".con_initcall.*", CLASS_BOOT },
	{ ".exitcall.exit", CLASS_BOOT },
	{ ".x86_cpu_dev.init", CLASS_BOOT },
	{ ".x86_intel_mid_dev.init", CLASS_BOOT },
	{ ".iommu_table", CLASS_BOOT },
	{ ".apicdrivers", CLASS_BOOT },

	{ ".suture.callbacks", CLASS_EXTRA },
	{ ".suture.states", CLASS_EXTRA },

	{ "__dyndbg", CLASS_PRIVATE },
	{ "__verbose", CLASS_PRIVATE }, /* up to 5.8 */
	{ "_ftrace_annotated_branch", CLASS_PRIVATE },
	{ "_ftrace_branch", CLASS_PRIVATE },

	{ ".static_call.text", CLASS_REGISTRY },
	{ ".static_call_tramp_key", CLASS_REGISTRY },
	{ ".modinfo", CLASS_REGISTRY },
	{ "__modver", CLASS_REGISTRY },
	{ "__param", CLASS_REGISTRY },
	{ "__ksymtab*", CLASS_REGISTRY },
	{ "___ksymtab*", CLASS_REGISTRY },
	{ "__kcrctab*", CLASS_REGISTRY },
	{ "___kcrctab*", CLASS_REGISTRY },
	{ ".export_symbol", CLASS_REGISTRY },
	{ "__syscalls_metadata", CLASS_REGISTRY },
	{ "_ftrace_events", CLASS_REGISTRY },
	{ "_ftrace_eval_map", CLASS_REGISTRY },
	{ "_ftrace_enum_map", CLASS_REGISTRY }, /* 4.1 to 4.12 */
	{ "__tracepoints*", CLASS_REGISTRY },
	{ "__bpf_raw_tp_map", CLASS_REGISTRY },
	{ "_error_injection_whitelist", CLASS_REGISTRY },
	{ "_kprobe_blacklist", CLASS_REGISTRY },
	{ "__trace_printk_fmt", CLASS_REGISTRY },
	{ ".printk_index", CLASS_REGISTRY },
	{ ".BTF_ids", CLASS_REGISTRY },
	{ ".gnu.linkonce.this_module", CLASS_REGISTRY },

	{ ".text", CLASS_TEXT },
	{ ".ref.text", CLASS_TEXT },
	{ ".sched.text", CLASS_TEXT },
	{ ".spinlock.text", CLASS_TEXT },
	{ ".cpuidle.text", CLASS_TEXT },
	{ ".irqentry.text", CLASS_TEXT },
	{ ".softirqentry.text", CLASS_TEXT },
	{ ".kprobes.text", CLASS_TEXT },
	{ ".noinstr.text", CLASS_TEXT },
	{ ".entry.text", CLASS_TEXT },

	{ ".data", CLASS_DATA },
	{ ".bss", CLASS_DATA },
	{ ".rodata", CLASS_DATA },
	{ ".ref.data", CLASS_DATA },
	{ ".ref.rodata", CLASS_DATA },
};

bool section_name_matches(const char *pattern, const char *name)
{
	while (*pattern && *pattern == *name) {
		pattern++;
		name++;
	}
	return *pattern == '*' || *pattern == *name;
}

/* What neither code nor the kernel ever sees at run time. */
static bool is_bookkeeping(const struct section *s)
{
	switch (s->type) {
	case SHT_NULL:
	case SHT_SYMTAB:
	case SHT_STRTAB:
	case SHT_RELA:
	case SHT_SYMTAB_SHNDX:
		return true;
	}
	return !(s->flags & SHF_ALLOC) && !s->relocs.n && !s->symbols.n;
}

enum section_class section_classify(const struct arch *a, const struct section *s)
{
	const struct special *special;
	size_t i;

	if (is_bookkeeping(s))
		return CLASS_IGNORED;
	if (a->process)
		return process_section_classify(s);
	for (i = 0; i < ARRAY_SIZE(rows); i++)
		if (section_name_matches(rows[i].name, s->name))
			break;
	if (i == ARRAY_SIZE(rows)) {
		special = arch_special(a, s->name);
		if (!special)
			return CLASS_UNKNOWN;
		if (special->kind == SPECIAL_UNUSED)
			return CLASS_IGNORED;
		return special->kind == SPECIAL_PIECES ? CLASS_PIECES : CLASS_SPECIAL;
	}
	if (rows[i].class != CLASS_TEXT && rows[i].class != CLASS_DATA)
		return rows[i].class;
	if (!(s->flags & SHF_ALLOC) || (s->type != SHT_PROGBITS && s->type != SHT_NOBITS))
		return CLASS_UNKNOWN;
	if ((rows[i].class == CLASS_TEXT) != !!(s->flags & SHF_EXECINSTR))
		return CLASS_UNKNOWN;
	if (rows[i].class == CLASS_DATA && s->flags & SHF_MERGE && !(s->flags & SHF_WRITE) &&
	    s->entsize && !s->relocs.n)
		return CLASS_LITERALS;
	return rows[i].class;
}

const char *section_class_name(enum section_class c)
{
	switch (c) {
	case CLASS_IGNORED:
		return "notes";
	case CLASS_TEXT:
		return "code";
	case CLASS_DATA:
		return "data";
	case CLASS_LITERALS:
		return "literals";
	case CLASS_PRIVATE:
		return "private data";
	case CLASS_PERCPU:
		return "per-CPU data";
	case CLASS_BOOT:
		return "init data";
	case CLASS_BOOT_TEXT:
		return "init code";
	case CLASS_REGISTRY:
		return "a registry";
	case CLASS_EXTRA:
		return "words to suture";
	case CLASS_SPECIAL:
		return "a table about code";
	case CLASS_PIECES:
		return "alternative code";
	case CLASS_UNKNOWN:
		break;
	}
	return "unknown";
}

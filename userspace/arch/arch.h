/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What differs between processors: relocations, special sections, how a function
 * begins where ftrace can redirect it. One row an architecture; x86-64 is the first.
 */
#ifndef SUTURE_ARCH_ARCH_H
#define SUTURE_ARCH_ARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a field of a process's code leads through, beside the thing itself. */
enum reloc_through {
	THROUGH_NOTHING,
	THROUGH_SLOT,	   /* of the global offset table: it holds the symbol's address */
	THROUGH_TLS_SLOT,  /* one or two slots that say where a thread's variable is */
	THROUGH_TLS_VALUE, /* nothing, but the value is an offset from the thread pointer */
};

/* How a relocation fills its field. */
struct reloc_kind {
	uint32_t type;
	const char *name; /* "R_X86_64_PC32" */
	uint8_t size;	  /* bytes of the field; 0: none is written (R_X86_64_NONE) */
	bool pc_relative; /* the field's own address is subtracted */
	bool is_signed;	  /* a 4-byte field that is sign-extended */
	bool is_branch;	  /* a call or jump (PLT32): its symbol is a destination, not a datum */
	bool only_here;	  /* may be compared, but the kernel's module loader does not know it */
	enum reloc_through through;
	bool may_relax; /* the linker may write another instruction that needs no slot */
};

/* One machine instruction, as far as comparing and linking need to know it. */
struct insn {
	uint8_t length;
	bool is_nop;
	bool is_call, is_branch;    /* relative: the destination is a field of the instruction */
	uint8_t rel_at, rel_size;   /* that field; rel_size 0: none */
	int64_t rel;		    /* its value, counted from the instruction's end */
	uint16_t operation;	    /* what it does: the same for short and long branches */
	uint8_t disp_at, disp_size; /* displacement of a memory operand; size 0: none */
	bool disp_is_relative;	    /* counted from the instruction's end */
	uint8_t imm_at, imm_size;   /* (first) immediate operand; size 0: none */
	int64_t imm;
};

/* What a section of the compiler's or assembler's making says about places in code. */
enum special_kind {
	SPECIAL_NONE,
	SPECIAL_SITES,	      /* entries, each about one place; kept with it */
	SPECIAL_BUGS,	      /* the same, with a line number; the code may refer to its entry */
	SPECIAL_ALTERNATIVES, /* entries that name a replacement */
	SPECIAL_PIECES,	      /* code that such entries, or sites, refer to */
	SPECIAL_FIXUPS,	      /* entries that name where to go on after a fault */
	SPECIAL_KEYS,	      /* entries that name a static key or static call */
	SPECIAL_FENTRIES,     /* the places where ftrace can redirect */
	SPECIAL_UNWIND,	      /* entries in lockstep with those of another section */
	SPECIAL_UNWIND_IP,    /* that section: one place for each entry */
	SPECIAL_CONSTANTS,    /* sites where the kernel writes a value, in its own image only */
	SPECIAL_UNUSED,	      /* says nothing that a payload needs */
};

/*
 * How large an entry is differs between kernels, and is learnt from the object. What is known
 * of it here only keeps a chance pattern from being taken for it.
 */
struct special {
	const char *name; /* ends with '*': a prefix */
	enum special_kind kind;
	const char *partner;		/* the other section, of ALTERNATIVES and UNWIND_IP */
	const char *type;		/* the kernel's structure for an entry, or NULL */
	uint8_t relocs_min, relocs_max; /* that one entry may have */
	uint8_t align;			/* the last entry may lack its padding to this; or 0 */
};

struct arch {
	uint16_t machine; /* EM_... */
	const char *name; /* "x86-64" */
	bool process;	  /* this row is for programs, not for the kernel */
	const struct reloc_kind *reloc_kinds;
	size_t n_reloc_kinds;
	const struct special *specials;
	size_t n_specials;
	/* False if the bytes are no instruction. */
	bool (*decode)(const uint8_t *bytes, size_t n, struct insn *out);
	/* As an assembler would show it at that address; "(bad)" if it is none. */
	void (*print)(const uint8_t *bytes, size_t n, uint64_t address, char *out, size_t size);
	/* Whether the field at 'at' of some code is the destination of a branch. */
	bool (*is_branch_field)(const uint8_t *code, size_t at);
	/*
	 * Whether the instruction reads memory at the place that the field is the displacement
	 * of: not if it takes the address, or writes there.
	 */
	bool (*loads_at)(const uint8_t *bytes, size_t n, uint8_t field);
	/* How far behind a function's address its ftrace site may be. */
	unsigned int fentry_reach;
	/* What such a site calls, until it is patched: where no table lists the sites yet. */
	const char *fentry_callee;
};

/* NULL if this processor is not supported. */
const struct arch *arch_find(uint16_t machine);
/* The same for programs and shared objects. */
const struct arch *arch_find_process(uint16_t machine);
/* NULL for a type that is not known: the caller refuses it by number. */
const struct reloc_kind *arch_reloc_kind(const struct arch *a, uint32_t type);

/* NULL: not a special section. */
const struct special *arch_special(const struct arch *a, const char *section);

#endif

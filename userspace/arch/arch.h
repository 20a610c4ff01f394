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

/* How a relocation fills its field. */
struct reloc_kind {
	uint32_t type;
	const char *name; /* "R_X86_64_PC32" */
	uint8_t size;	  /* bytes of the field; 0: none is written (R_X86_64_NONE) */
	bool pc_relative; /* the field's own address is subtracted */
	bool is_signed;	  /* a 4-byte field that is sign-extended */
	bool is_branch;	  /* a call or jump (PLT32): its symbol is a destination, not a datum */
};

struct arch {
	uint16_t machine; /* EM_... */
	const char *name; /* "x86-64" */
	const struct reloc_kind *reloc_kinds;
	size_t n_reloc_kinds;
};

/* NULL if this processor is not supported. */
const struct arch *arch_find(uint16_t machine);
/* NULL for a type that is not known: the caller refuses it by number. */
const struct reloc_kind *arch_reloc_kind(const struct arch *a, uint32_t type);

#endif

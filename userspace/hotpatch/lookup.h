/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the loader of a process binds names to, read from the process's memory: the loader's list
 * of objects, their hash tables, symbols and versions. All of it is hostile: bounded and checked.
 * Nothing is run in the process.
 *
 * Knowledge: the gABI's "Dynamic Linking", the GNU hash table, the LSB's symbol versions, and
 * <link.h>.
 */
#ifndef SUTURE_HOTPATCH_LOOKUP_H
#define SUTURE_HOTPATCH_LOOKUP_H

#include "hotpatch/layout.h"
#include "hotpatch/process.h"

/*
 * Fill in the address of each symbol of the layout. 'main_program': the file is the program that
 * was executed. Refused: a symbol that is nowhere, a thread-local one, and one that is resolved by
 * a function (IFUNC) unless the file has called it and the loader has noted the address.
 */
struct error *lookup_symbols(const struct opened *o, struct layout *l,
			     bool *main_program) __must_check;

/* One of them, of no version; the same refusals. */
struct error *lookup_symbol(const struct opened *o, const char *name,
			    uint64_t *address) __must_check;

/* Pure. */
uint32_t lookup_gnu_hash(const char *name);

#endif

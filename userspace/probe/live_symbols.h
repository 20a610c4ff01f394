/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses in the running kernel, from /proc/kallsyms: "ADDRESS TYPE NAME\t[MODULE]", vmlinux
 * first and sorted by address, modules in the order of their own symbol tables. That is the
 * order in which livepatch counts sympos.
 */
#ifndef SUTURE_PROBE_LIVE_SYMBOLS_H
#define SUTURE_PROBE_LIVE_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A symbol that is looked for. */
struct live_symbol {
	const char *object; /* "vmlinux" or a module */
	const char *name;
	unsigned int sympos; /* 0: must be unique */

	uint64_t address;   /* 0: not there */
	unsigned int found; /* how many of the object have that name */
	unsigned int all;   /* and how many of all objects */
};

/* One line, taken apart. */
struct live_symbol_line {
	uint64_t address;
	char type;
	const char *name, *module; /* into the text, not terminated; module NULL: vmlinux */
	size_t name_length, module_length;
};

/* Take a line apart; false if it is none. 'length' is without its newline. */
bool live_symbol_parse(const char *line, size_t length, struct live_symbol_line *out);

/* Answer n queries in one pass over 'text', the content of /proc/kallsyms. */
void live_symbols_answer(const char *text, struct live_symbol *q, size_t n);

/* The same for the running kernel. An error where addresses are hidden. */
struct error *live_symbols_find(struct live_symbol *q, size_t n) __must_check;

/* Why a query has no address. */
struct error *live_symbol_missing(const struct live_symbol *q) __must_check;

/* "name+0x10 [module]" for an address of the running kernel; "" where nothing is below it. */
struct error *live_symbol_name(uint64_t address, char *out, size_t room) __must_check;

#endif

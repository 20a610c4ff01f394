/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The running kernel's own memory, compared with what a bundle was made for. */
#ifndef SUTURE_FLOW_CHECK_RUNNING_H
#define SUTURE_FLOW_CHECK_RUNNING_H

#include "flow/check.h"
#include "flow/module_facts.h"
#include "probe/live_symbols.h"
#include "probe/running_text.h"

/* The symbols that delimit the kernel's tables of exports: to be looked up. */
#define RUNNING_SYMBOLS 10
void running_symbols(struct live_symbol *q);
/*
 * Compare the versions of the symbols that the module wants, with those symbols answered;
 * .crcs_known stays false if the tables are closed.
 */
struct error *running_versions(const struct running_text *t, const struct live_symbol *q,
			       const struct module_facts *m, struct check_facts *f) __must_check;
/*
 * Compare the function's code, at its address, with the masked code in the bundle. 'kprobes' is
 * debugfs' list of them, or NULL: what the kernel wrote for one is not compared.
 */
struct error *running_code(const struct running_text *t, uint64_t address, const char *kprobes,
			   struct arena *a, struct check_function *c) __must_check;

/*
 * Code as a bundle has it: two hex digits a byte, ".." where the kernel writes at boot or later,
 * or the linker does. True if the bytes agree; else *at is the first that does not. Pure.
 */
bool masked_code_agrees(const char *code, const uint8_t *bytes, size_t n, size_t *at);
/*
 * Where a kprobe sits, the kernel wrote a trap (one byte) or a jump (five): put the bytes that the
 * bundle has there into 'bytes' instead. Returns how many. Pure.
 */
size_t masked_code_lift(const char *code, const char *kprobes, uint64_t address, uint8_t *bytes,
			size_t n);
/* How many bytes the code has that are not masked; -1 if it is no such text. Pure. */
long masked_code_fixed(const char *code);

#endif

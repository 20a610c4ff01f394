/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Livepatch symbols and livepatch relocation sections.
 *
 * What is relied on, read in kernel/livepatch/core.c, kernel/module/main.c and
 * arch/x86/kernel/module.c of 6.1:
 *
 *  - .klp.rela.vmlinux.* are applied with the ordinary relocations (apply_relocations()),
 *    before alternatives, paravirt sites, retpolines, jump labels, static calls and tables
 *    of exceptions are looked at. So they may be anywhere.
 *  - .klp.rela.MODULE.* are applied when that module is there, which is after all of those.
 *    So they may be only in plain code and data, and not where code is replaced at load.
 *  - a section for a module may not refer to a symbol of vmlinux (-EINVAL at load).
 *  - a field is written only if it was zero.
 */
#ifndef SUTURE_LIVEPATCH_KLP_H
#define SUTURE_LIVEPATCH_KLP_H

#include "livepatch/livepatch.h"

/* The livepatch symbol for a reference: undefined but for SHN_LIVEPATCH; .user leads back to it. */
struct error *klp_symbol(struct object *o, const char *name, struct livepatch_reference *r,
			 struct symbol **out) __must_check;

/*
 * The section for relocations of 'base' to the livepatch symbol 'to', in code that belongs
 * to the object 'patched'; made if missing. ERROR_REFUSED if they would come too late.
 */
struct error *klp_rela_section(struct object *o, struct section *base, const char *patched,
			       const struct symbol *to, struct section **out) __must_check;

/*
 * Once all relocations are there: no relocation for a module lies where the kernel replaces
 * code at load (.altinstructions). ERROR_REFUSED, naming the place.
 */
struct error *klp_check_replaced_code(const struct object *o) __must_check;

#endif

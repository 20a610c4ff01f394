/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Linking a livepatch module: extracted objects with their bindings become one .ko in
 * the form that the kernel's livepatch ABI asks for (Documentation/livepatch/
 * module-elf-format.rst): .klp.rela.OBJECT.SECTION, .klp.sym.OBJECT.NAME,POS.
 */
#ifndef SUTURE_LIVEPATCH_LIVEPATCH_H
#define SUTURE_LIVEPATCH_LIVEPATCH_H

#include "bind/binding.h"
#include "delta/delta.h"
#include "source/compile.h"

/* One translation unit's part of the patch. */
struct livepatch_part {
	const struct unit *unit;
	const struct extraction *extraction;
	const struct binding *binding; /* of the unit's before object to its vmlinux or module */
	const struct image *vmlinux;   /* for what a module's unit refers to in vmlinux */
};

/*
 * 'name' is the module's name ([a-z0-9_], at most 55 characters). Writes out_path whole or
 * not at all. The result depends on nothing but its inputs.
 */
struct error *livepatch_link(const struct target *t, const char *name,
			     const struct livepatch_part *parts, size_t n_parts,
			     const char *out_path) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How an outside reference is named in the module. */
#ifndef SUTURE_LIVEPATCH_REFERENCE_H
#define SUTURE_LIVEPATCH_REFERENCE_H

#include "livepatch/exports.h"
#include "livepatch/livepatch.h"
#include "livepatch/symvers.h"

struct naming {
	const struct symvers *symvers;
	const struct image_exports *exports; /* of vmlinux */
	const char *modules;	/* the shipped modules, as under /lib/modules/RELEASE; or NULL */
	size_t export_name_max; /* longest name that __versions holds, with its NUL */
	struct arena *arena;	/* for the names given out */
};

/*
 * Name what 'o' refers to, from where the binding proved it to be. ERROR_REFUSED if it has
 * no proven place, no name, is ambiguous, or is gone after boot. Only the names are looked
 * at: whether another part defines it (LIVEPATCH_INSIDE) is asked before.
 */
struct error *reference_resolve(const struct naming *n, const struct livepatch_part *part,
				const struct outside *o,
				struct livepatch_reference *out) __must_check;

/* Name a function to redirect: a livepatch symbol in the part's own object. */
struct error *reference_old_function(const struct naming *n, const struct livepatch_part *part,
				     const struct replacement *r,
				     struct livepatch_reference *out) __must_check;

/*
 * Name a symbol of vmlinux for code that no image was bound to (the glue): an export, else
 * the one global of that name. ERROR_FAILED if it is neither.
 */
struct error *reference_for_glue(const struct naming *n, const struct image *vmlinux,
				 const char *name, struct livepatch_reference *out) __must_check;

/* Name a symbol of vmlinux that is in use beside the patch. ERROR_REFUSED as above. */
struct error *reference_at(const struct naming *n, const struct image *vmlinux,
			   const struct image_symbol *s,
			   struct livepatch_reference *out) __must_check;

/* The symbol's name in the module: NAME, or .klp.sym.OBJECT.NAME,POS. NULL: no memory. */
char *reference_symbol_name(const struct naming *n, const struct livepatch_reference *r);

#endif

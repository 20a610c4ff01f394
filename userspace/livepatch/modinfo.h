/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the module loader reads before it looks at the code: .modinfo, __versions, the
 * module's name in struct module, the build-id note. What "modpost" writes for a module
 * built by Kbuild.
 */
#ifndef SUTURE_LIVEPATCH_MODINFO_H
#define SUTURE_LIVEPATCH_MODINFO_H

#include "livepatch/payload.h"
#include "livepatch/symvers.h"

#define BUILD_ID_BYTES 20

/* .modinfo: that of the glue (licence, vermagic, livepatch), with name and namespaces. */
struct error *modinfo_add(struct object *o, const struct payload *p, const char *name,
			  const char *const *name_spaces, size_t n) __must_check;

/* The module's name into .gnu.linkonce.this_module of o. */
struct error *modinfo_name_module(struct object *o, const struct suture_layout_record *layout,
				  const char *name) __must_check;

/* __versions for module_layout and every symbol in o that is undefined, by name. */
struct error *modinfo_add_versions(struct object *o, const struct suture_layout_record *layout,
				   const struct symvers *symvers) __must_check;

/*
 * A .note.gnu.build-id that is a digest of all that o holds by then, so that the same
 * module has the same and another one another. hex: BUILD_ID_BYTES * 2 + 1 characters.
 */
struct error *modinfo_add_build_id(struct object *o, char *hex) __must_check;

#endif

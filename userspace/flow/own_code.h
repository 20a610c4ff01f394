/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a patch's code lies in the running kernel: the functions that it replaces, and the text of
 * its module once that is loaded. What is held, warned of or killed by it is told from what others
 * do by these addresses.
 */
#ifndef SUTURE_FLOW_OWN_CODE_H
#define SUTURE_FLOW_OWN_CODE_H

#include "base/vec.h"
#include "bundle/bundle.h"
#include "elf/object.h"
#include "probe/places.h"

struct own_places {
	VEC(struct code_place) v;
};
void own_places_free(struct own_places *p);
#define __cleanup_own_places __cleanup(own_places_free)

struct own_code {
	const struct bundle_payload *payload;
	struct object *module; /* its file */
};

struct error *own_code_read(const struct bundle_payload *p, struct own_code *out) __must_check;
void own_code_free(struct own_code *c);
#define __cleanup_own_code __cleanup(own_code_free)

/* The functions that are replaced, of objects that are there; without parts that lie elsewhere. */
struct error *own_code_old(const struct own_code *c, struct own_places *out) __must_check;
/* The text of the module, by /sys/module/NAME/sections; nothing while it is not loaded. */
struct error *own_code_new(const struct own_code *c, struct own_places *out) __must_check;

/* --- pure ------------------------------------------------------------------------------ */

/* Whether a section of a module's file holds code that stays while the module is loaded. */
bool own_code_is_text(const struct section *s);

#endif

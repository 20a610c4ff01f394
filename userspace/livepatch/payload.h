/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The glue that every livepatch module carries (kmod/payload), compiled for a target with
 * the target's own flags for modules. Compiled once, then kept under the target's folder by
 * the digest of its source, so that a build pays for it only the first time.
 */
#ifndef SUTURE_LIVEPATCH_PAYLOAD_H
#define SUTURE_LIVEPATCH_PAYLOAD_H

#include "elf/object.h"
#include "kmod/payload/records.h"
#include "source/target.h"

struct payload {
	struct object *object;
	struct object *reload;	  /* for patches of modules */
	struct object *at_load;	  /* for modules that must be loaded after the patch */
	struct object *constants; /* NULL where the kernel has no runtime constants */
	bool clears;		  /* the kernel undoes relocations of a module that goes */
	struct suture_layout_record layout;
};

/* Compile the glue for the target, as far as it needs it, if that is not done yet. */
struct error *payload_prepare(const struct target *t) __must_check;
/* Prepare, read, and check that everything the linker fills in is there. */
struct error *payload_open(const struct target *t, struct payload *out) __must_check;
/* The checks alone, for an object that is at hand: its layout record. */
struct error *payload_check(const struct object *o, struct suture_layout_record *out) __must_check;
void payload_free(struct payload *p);
#define __cleanup_payload __cleanup(payload_free)

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A module while it is put together: private to this folder. */
#ifndef SUTURE_LIVEPATCH_WORK_H
#define SUTURE_LIVEPATCH_WORK_H

#include "livepatch/assemble.h"
#include "livepatch/constants.h"
#include "livepatch/extras.h"
#include "livepatch/merge.h"
#include "livepatch/records.h"
#include "livepatch/reference.h"

struct link {
	const struct livepatch_part *parts;
	size_t n;
	const struct assemble_from *from;
	const struct livepatch_request *request;
	/* Which input of the merge a part of the glue is; 0: it is not linked in. */
	size_t reload, at_load, fill_constants;
	struct extras extras;
	struct constants constants;
	struct naming naming;
	struct image_exports exports; /* of vmlinux */
	struct merge merge;
	struct hash_map by_name; /* name of an undefined or livepatch symbol -> it */
	struct hash_map inside;	 /* "OBJECT NAME" of a new global -> its input, its symbol there */
	const struct livepatch_reference ***references; /* by part, by symbol index; or NULL */
	struct livepatch_account *account;
};

/* The module's symbol for a reference; each name once. */
struct error *link_symbol(struct link *l, const struct livepatch_reference *found,
			  struct symbol **out) __must_check;

/*
 * glue_parts.c: the glue and, where the patch needs them, its parts for modules that come and
 * go, for modules that must come later, and for runtime constants, as inputs of the merge; what
 * they refer to; and, once all relocations are there, what they find in the tables.
 */
#define LINK_GLUE_PARTS 4
struct error *link_glue_list(struct link *l) __must_check;
struct error *link_glue_resolve(struct link *l, const struct records *r) __must_check;
struct error *link_glue_fill(struct link *l, const struct records *r) __must_check;
/* Whether an object must be loaded after the patch. */
bool link_at_load(const struct link *l, const char *object);

/* The order of objects in the module: vmlinux first, then by name. */
int objects_compare(const char *a, const char *b);

/* Read what the parts' own C says (suture/patch.h); ERROR_NOTHING if the patch does nothing. */
struct error *link_extras(struct link *l) __must_check;
/* The tables for the glue, after link_extras() and when the functions are listed. */
struct error *link_records(struct link *l, struct records *out) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A patch that supersedes others takes their place in one switch. What both have it redirects as
 * any later patch does; what only they have goes back to the file's own bytes. These sites are
 * in its header, too (HEADER_RESTORES), so that the gates' one flag changes all of them, and a
 * manager that is killed leaves the superseded or the new patch, never a part of each.
 *
 * Taking it back brings the superseded patches back: a revert undoes what the apply did. Their
 * hooks are called neither way.
 */
#ifndef SUTURE_HOTPATCH_TAKEOVER_H
#define SUTURE_HOTPATCH_TAKEOVER_H

#include "hotpatch/patching.h"

#define TAKEOVER_BYTES 32

struct takeover_site {
	uint64_t address, old, old_size;
	bool stays;
	uint8_t jump[SITE_JUMP]; /* what is there */
	uint8_t bytes[TAKEOVER_BYTES];
	size_t n; /* of bytes: the file's, from the address on */
};

struct takeover {
	VEC(struct takeover_site) v;
};
void takeover_free(struct takeover *t);
#define __cleanup_takeover __cleanup(takeover_free)

/*
 * The sites of patches that a->options supersedes where 'o' replaces nothing. ERROR_REFUSED: a
 * patch that is not superseded lies over one, or the function behind it is no longer the file's.
 */
struct error *takeover_find(const struct patching *a, const struct hotpatch_object *o,
			    struct takeover *out) __must_check;

#endif

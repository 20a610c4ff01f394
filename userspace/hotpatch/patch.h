/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The patches in a process, read from its header pages and judged by its text: a header says what
 * was meant, the bytes at the sites say what is.
 */
#ifndef SUTURE_HOTPATCH_PATCH_H
#define SUTURE_HOTPATCH_PATCH_H

#include "hotpatch/header.h"
#include "hotpatch/process.h"

enum patch_text {
	PATCH_OUT,     /* every site does what it did before */
	PATCH_IN,      /* every site leads to the new code, or what was put over it */
	PATCH_PARTIAL, /* some have, some have not */
	PATCH_FOREIGN, /* a site has bytes that no patch here has put there */
};

struct patch {
	struct header header;
	enum patch_text text;
	bool covered;  /* a site has the jump of a later patch */
	bool counting; /* a site leads to the new code through a stub that counts, or times */
	bool timed;    /* a site leads through the stub that times */
	bool gates;    /* a site leads to its gate: a manager was killed during the switch */
};

struct patches {
	VEC(struct patch) v; /* those of one file, oldest first */
};

/*
 * All patches of the file with the build-id at o's bias. Pages that look like a header and are none
 * are passed over. The maps of 'o' must be current.
 */
struct error *patches_read(const struct opened *o, struct patches *out) __must_check;
void patches_free(struct patches *p);
#define __cleanup_patches __cleanup(patches_free)

const struct patch *patches_find(const struct patches *p, const char *fix);

/*
 * Whether the bytes that a revert would write may be believed: they are the mapped file's, or the
 * jump of another patch. ERROR_FAILED says which is not.
 */
struct error *patch_check_before(const struct opened *o, const struct patches *all,
				 const struct patch *p) __must_check;

/* The calls that were counted of each site, as the process has them: 'cells' has room for all. */
struct error *patch_cells(const struct opened *o, const struct patch *p,
			  uint64_t *cells) __must_check;

struct error *patch_set_state(const struct opened *o, const struct patch *p,
			      enum header_state state) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a bundle in their order, and the digest over them. */
#ifndef SUTURE_BUNDLE_MEMBERS_H
#define SUTURE_BUNDLE_MEMBERS_H

#include "bundle/archive.h"
#include "bundle/bundle.h"

struct bundle_members {
	VEC(struct archive_input) files;
	VEC(char *) paths; /* what .files points to */
};

/* All but the signatures, the manifest first. Contents are borrowed. */
struct error *bundle_members_list(const struct bundle *b, const struct strbuf *manifest,
				  struct bundle_members *out) __must_check;
/* Takes the path (NULL: no memory). */
struct error *bundle_members_add(struct bundle_members *m, char *path,
				 const struct strbuf *content) __must_check;
struct error *bundle_members_digest(const struct bundle_members *m,
				    struct digest *out) __must_check;
void bundle_members_clear(struct bundle_members *m);
#define __cleanup_members __cleanup(bundle_members_clear)

#endif

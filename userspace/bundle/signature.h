/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signatures and approvals, as members that are added to a finished bundle. */
#ifndef SUTURE_BUNDLE_SIGNATURE_H
#define SUTURE_BUNDLE_SIGNATURE_H

#include "bundle/bundle.h"
#include "bundle/key.h"

#define BUNDLE_SIGNATURES_MAX 64

/*
 * Say 's' about a bundle that was read, and write it with that at 'path', whole or not at all,
 * durably. Which bundle, and by which key, is filled in here. All else in the file stays the same,
 * byte for byte.
 */
struct error *bundle_sign(const struct bundle *b, const struct key *k, const struct statement *s,
			  const char *path) __must_check;

/* The members from number 'at' on. Their form is checked; what they say and are worth is not. */
struct error *bundle_signatures_read(struct bundle *b, size_t at) __must_check;

#endif

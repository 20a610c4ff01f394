/* SPDX-License-Identifier: GPL-2.0-or-later */
/* manifest.json: writing it, and reading it from hands that are not trusted. */
#ifndef SUTURE_BUNDLE_MANIFEST_H
#define SUTURE_BUNDLE_MANIFEST_H

#include "bundle/bundle.h"

#define MANIFEST_SCHEMA "suture-bundle/3"
#define MANIFEST_NAME "manifest.json"

/* Paths in the archive. NULL: no memory. Free with free(). */
char *bundle_fix_path(const struct bundle_fix *f);
char *bundle_part_path(const struct bundle_part *p);
char *bundle_payload_path(const struct bundle_payload *p);
char *bundle_debug_path(const struct bundle_payload *p);
char *bundle_guard_path(const struct bundle_payload *p);

/* Digests must be set. */
struct error *bundle_manifest_write(const struct bundle *b, struct strbuf *out) __must_check;

/*
 * Fill in all but the contents; strings are copied to b->arena. Every name that becomes part
 * of a path is checked to be harmless.
 */
struct error *bundle_manifest_read(const char *json, size_t n, struct bundle *b) __must_check;

#endif

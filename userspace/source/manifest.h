/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUTURE_SOURCE_MANIFEST_H
#define SUTURE_SOURCE_MANIFEST_H

#include "base/json_read.h"
#include "source/packages.h"
#include "source/target.h"

#define MANIFEST_SCHEMA 1

/* What is in dir/target.json. The paths of *t are made from t->dir, which must be set. */
struct error *manifest_read(struct target *t) __must_check;
/* The list "packages" of an object. */
struct error *target_packages_read(const struct json_value *o,
				   struct target_packages *out) __must_check;
void target_packages_json(const struct target_packages *list, struct json *j, const char *key);
/* A copy of what a package is known by. */
struct error *target_packages_add(struct target_packages *list,
				  const struct package *p) __must_check;
void target_packages_free(struct target_packages *list);
/* Write it into 'dir'. */
struct error *manifest_write(const struct target *t, const char *dir) __must_check;

#endif

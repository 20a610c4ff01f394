/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUTURE_SOURCE_MANIFEST_H
#define SUTURE_SOURCE_MANIFEST_H

#include "source/target.h"

#define MANIFEST_SCHEMA 1

/* What is in dir/target.json. The paths of *t are made from t->dir, which must be set. */
struct error *manifest_read(struct target *t) __must_check;
/* Write it into 'dir'. */
struct error *manifest_write(const struct target *t, const char *dir) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A livepatch module under a second name, so that it can take its own place. Pure. */
#ifndef SUTURE_TRIAL_SECOND_H
#define SUTURE_TRIAL_SECOND_H

#include "base/error.h"
#include "base/str.h"

/*
 * A copy of the module whose name is another of the same length: as it is in .modinfo and in
 * struct module, and nowhere else. 'name' is the module's, and becomes the second one.
 */
struct error *second_make(const struct strbuf *module, char *name, struct strbuf *out) __must_check;

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two builds of a unit, from their files to the delta. */
#ifndef SUTURE_FLOW_COMPARE_UNIT_H
#define SUTURE_FLOW_COMPARE_UNIT_H

#include "delta/delta.h"
#include "source/compile.h"

/*
 * at_load: what can be done when a module is loaded after the patch is left to that (delta.h).
 * What is there already in *before, *after and *delta is the caller's to free, also on errors.
 */
struct error *compare_unit(const struct unit *u, bool at_load, const char *before_path,
			   const char *after_path, struct object **before, struct object **after,
			   struct delta **delta) __must_check;

#endif

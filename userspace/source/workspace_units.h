/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to the workspace: filling in its units. */
#ifndef SUTURE_SOURCE_WORKSPACE_UNITS_H
#define SUTURE_SOURCE_WORKSPACE_UNITS_H

#include "source/compile.h"
#include "source/readers.h"
#include "source/unit_table.h"

struct workspace_place {
	const struct target *target;
	struct workspace *ws; /* its folder is made */
};

/*
 * Append the units of an object: one for vmlinux, or one for each module that it is part of.
 * Folders for its two builds are made. ERROR_REFUSED for a module that is not shipped.
 */
struct error *workspace_add_units(const struct workspace_place *p,
				  const struct table_unit *from) __must_check;
struct error *workspace_add_outside(const struct workspace_place *p,
				    const struct outside_reader *r) __must_check;
void workspace_unit_clear(struct unit *u);

#endif

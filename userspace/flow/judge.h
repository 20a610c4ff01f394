/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What of a unit's two builds is kept: most units of a touched header do not change. */
#ifndef SUTURE_FLOW_JUDGE_H
#define SUTURE_FLOW_JUDGE_H

#include "flow/build.h"

/*
 * For struct workspace_judge, with the build as 'arg': compare, and append to the build's units
 * if something changed. ERROR_REFUSED if a unit changes that is part of no object.
 */
struct error *judge_unit(void *arg, const struct unit *from, bool *keep) __must_check;

/* A header's finding is that of each object that includes it. */
bool judge_same_finding(const struct delta_finding *a, const struct delta_finding *b);

void build_unit_free(struct build_unit *u);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One source file that is compiled by several commands, as libtool does for a library's shared and
 * its static form: each is a unit, and only those are part of a file whose code is in it. Small
 * functions come out the same whatever the command, so one of them proves nothing.
 */
#ifndef SUTURE_FLOW_PROCESS_VARIANTS_H
#define SUTURE_FLOW_PROCESS_VARIANTS_H

#include "flow/process_build.h"

/*
 * Where several units of one source file claim the same code of 'f', that one stays of which most
 * is there; the others are no longer bound. A file that has two of them in different places keeps
 * both.
 */
void process_variants_settle(const struct process_build *b, struct process_file *f);

/*
 * Whether another unit of the same source file is part of one of the files. What the fix changes in
 * it must then be found there, or linking refuses.
 */
bool process_variants_has_other(const struct process_build *b, size_t unit);

#endif

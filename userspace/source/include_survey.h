/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUTURE_SOURCE_INCLUDE_SURVEY_H
#define SUTURE_SOURCE_INCLUDE_SURVEY_H

#include "base/error.h"

/*
 * Write dir/includes: for each #include "x.c" of dir/tree a line FILE INCLUDED, both relative
 * to the tree. A fix to an included C file changes the objects of those who include it.
 */
struct error *include_survey(const char *dir) __must_check;

/* "a/b/../c" -> "a/c", in place; a path that leaves its root becomes "". Pure. */
void path_normalise(char *path);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The header for a fix's own C, kmod/include/suture/patch.h: it travels inside suture, and
 * into the shadow of a tree whose fixed files ask for it.
 */
#ifndef SUTURE_SOURCE_EXTRA_HEADER_H
#define SUTURE_SOURCE_EXTRA_HEADER_H

#include "source/shadow.h"

/* Does the text include it? */
bool extra_header_wanted(const char *text, size_t n);
/* Where it goes in the tree, and its text. */
struct shadow_file extra_header(void);

#endif

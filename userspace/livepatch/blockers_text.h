/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the task iterator prints, read. Pure. */
#ifndef SUTURE_LIVEPATCH_BLOCKERS_TEXT_H
#define SUTURE_LIVEPATCH_BLOCKERS_TEXT_H

#include "livepatch/blockers_work.h"

/* A line that is not understood is an error. */
struct error *blockers_parse(const char *text, const struct blockers_query *q,
			     struct blockers *out) __must_check;

#endif
